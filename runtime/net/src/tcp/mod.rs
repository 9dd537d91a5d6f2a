//! TCP (RFC 9293).
//!
//! What a connection is stands in [`connection`]: it takes segments and the time, and says what to send; it knows
//! neither addresses nor ports. The tables around it find the connection of a packet and the timer that is due.

pub mod buffer;
pub mod connection;
mod segment;
mod seq;

pub use segment::{Sack, Segment, Timestamps};
pub use seq::Seq;
