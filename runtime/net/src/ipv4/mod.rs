//! IPv4 (RFC 791) and ICMP (RFC 792).

mod icmp;
mod identification;
mod input;
mod interface;
mod layer;
mod output;
mod routes;

pub use interface::{Configure, Interface};
pub use layer::Ipv4;
pub use routes::{Network, Routes};

/// The length of an IPv4 header without options, in bytes.
const HEADER: usize = 20;
