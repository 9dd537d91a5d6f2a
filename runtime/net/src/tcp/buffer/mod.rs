//! Where octets wait: chunks of 4 KiB from a pool, and queues made of them.
//!
//! A connection holds as many chunks as it has octets for, so one that is idle holds none.

mod few;
mod pool;
mod queue;
mod sending;

pub(super) use few::Few;
pub use pool::{Chunk, Pool};
pub(super) use queue::Queue;
pub(super) use sending::{Payload, Sending};
