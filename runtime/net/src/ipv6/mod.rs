//! IPv6 (RFC 8200), ICMPv6 (RFC 4443), neighbour discovery (RFC 4861) and addresses formed by oneself (RFC 4862).

mod address;
mod extension;
mod messages;
mod routers;
