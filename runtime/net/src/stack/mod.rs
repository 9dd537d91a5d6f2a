//! TCP and UDP over one set of addresses.

mod direct;

pub use direct::Direct;
