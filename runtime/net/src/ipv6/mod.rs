//! IPv6 (RFC 8200), ICMPv6 (RFC 4443), neighbour discovery (RFC 4861) and addresses formed by oneself (RFC 4862).

mod address;
mod discovery;
mod extension;
#[cfg(test)]
mod fake;
mod icmp;
mod input;
mod layer;
mod listeners;
mod messages;
mod output;
mod own;
mod redirects;
mod routers;
#[cfg(test)]
mod tests;

pub use layer::{Ipv6, Misled};
