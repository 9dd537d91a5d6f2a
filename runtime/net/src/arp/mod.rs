//! ARP (RFC 826): the hardware addresses of IPv4 neighbours.
