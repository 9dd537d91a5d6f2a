//! A run queue for platforms with threads.

use alloc::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_task::Runnable;
use edge_executor::ExecutorQueue;

/// An unbounded first-in-first-out run queue that any thread may wake a task into.
#[derive(Default)]
pub struct StdQueue(Mutex<VecDeque<Runnable>>);

impl StdQueue {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Runnable>> {
        // A push or a pop leaves the queue whole wherever it stops.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExecutorQueue for StdQueue {
    fn new() -> Self {
        Self::default()
    }

    fn push(&self, runnable: Runnable) {
        self.queue().push_back(runnable);
    }

    fn pop(&self) -> Option<Runnable> {
        self.queue().pop_front()
    }
}
