//! IPv4 (RFC 791) and ICMP (RFC 792).

mod icmp;
mod identification;
mod input;
mod interface;
mod layer;
mod output;

pub use interface::{Configure, Interface};
pub use layer::Ipv4;

pub use crate::routes::{Network, Routes};

/// The length of an IPv4 header without options, in bytes.
const HEADER: usize = 20;
