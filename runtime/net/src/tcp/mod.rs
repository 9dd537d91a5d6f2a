//! TCP (RFC 9293).
//!
//! What a connection is stands in [`connection`]: it takes segments and the time, and says what to send; it knows
//! neither addresses nor ports. The `endpoint` around it finds the connection of a packet and the one that is due, in
//! the tables of `table`; `guard` is what strangers meet, and applications hold what `handle` has.

pub mod buffer;
pub mod connection;
mod endpoint;
mod guard;
mod handle;
mod segment;
mod seq;
mod table;

pub use endpoint::{Stats, Tcp};
pub use handle::{Flow, Listener, Reader, Writer};
pub use segment::{Sack, Segment, Timestamps, Words};
pub use seq::Seq;
