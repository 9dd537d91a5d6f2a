//! IPv4 (RFC 791) and ICMP (RFC 792).
