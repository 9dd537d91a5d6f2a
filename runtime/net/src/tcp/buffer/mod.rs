//! Where octets wait: chunks of 4 KiB from a pool, and queues made of them.
//!
//! A connection holds as many chunks as it has octets for, so one that is idle holds none.

mod pool;
mod queue;
mod sending;

use alloc::collections::VecDeque;

pub use pool::{Chunk, Pool};
pub(super) use queue::Queue;
pub(super) use sending::Sending;

/// Adds to a queue that most of the time holds one thing or none: room for one is all that an idle connection keeps.
pub(super) fn push_back<T>(queue: &mut VecDeque<T>, value: T) {
    if queue.capacity() == 0 {
        queue.reserve_exact(1);
    }
    queue.push_back(value);
}

/// Gives back what a burst needed, once the queue is empty.
pub(super) fn relax<T>(queue: &mut VecDeque<T>) {
    if queue.is_empty() && queue.capacity() > 1 {
        *queue = VecDeque::new();
    }
}
