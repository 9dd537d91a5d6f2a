//! ARP (RFC 826): the hardware addresses of IPv4 neighbours.

mod claims;
mod layer;
mod message;
mod probes;

pub use layer::Arp;
