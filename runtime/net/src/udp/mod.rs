//! UDP (RFC 768).
//!
//! [`Udp`] hands what comes to the socket that has the port. A socket keeps a bounded number of datagrams: when nobody
//! reads them the oldest stay and what comes after is dropped, and counted.

#[cfg(test)]
pub(crate) mod fake;
mod format;
mod layer;
mod queue;
mod socket;
#[cfg(test)]
mod tests;

pub use layer::{Counters, Udp};
pub use socket::Socket;
pub(crate) use socket::Wakers;
