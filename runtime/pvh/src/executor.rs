//! Tasks and whose turn it is, where there is one processor and no thread.

use alloc::collections::VecDeque;
use core::cell::RefCell;

use async_task::{Runnable, Task};

/// Runs tasks, each in its turn, first woken first run. There is one queue in an image.
#[derive(Clone, Copy, Default)]
pub struct Executor(());

struct Ready(RefCell<VecDeque<Runnable>>);

// SAFETY: a waker stays on the one processor there is, and interrupts call none: they are noted down in ring 0.
unsafe impl Sync for Ready {}

static READY: Ready = Ready(RefCell::new(VecDeque::new()));

impl Executor {
    /// The executor of this image.
    pub const fn new() -> Self {
        Self(())
    }

    /// Starts a task; dropping what is returned ends it.
    pub fn start<F>(self, task: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let put = |runnable| READY.0.borrow_mut().push_back(runnable);
        // SAFETY: nothing leaves the one processor there is, so neither the future nor what it gives needs to be `Send`;
        // both are 'static, and so is what `put` captures: nothing.
        let (runnable, task) = unsafe { async_task::spawn_unchecked(task, put) };
        runnable.schedule();
        task
    }

    /// Runs ready tasks until none is, or until `most` turns were taken; returns whether some are still ready.
    pub fn run_ready(self, most: usize) -> bool {
        (0..most).all(|_| {
            let next = READY.0.borrow_mut().pop_front();
            next.map(Runnable::run).is_some()
        })
    }
}
