//! A DHCP client (RFC 2131).
