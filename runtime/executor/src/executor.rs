//! Tasks and whose turn it is.

use alloc::rc::Rc;
use core::future::Future;

use edge_executor::{ExecutorQueue, LocalExecutor, Task};
use mirage::Spawn;

/// Runs tasks on one thread, each in its turn, first woken first run.
///
/// Dropping it does not drop tasks that hold a [`Spawner`]; see [`Spawner`].
pub struct Executor<Q: ExecutorQueue + 'static> {
    tasks: Rc<LocalExecutor<'static, Q>>,
}

impl<Q: ExecutorQueue + 'static> Executor<Q> {
    /// An executor without tasks.
    pub fn new() -> Self {
        Self { tasks: Rc::new(LocalExecutor::new_with(Q::new)) }
    }

    /// Starts the task whose end is the program's end; [`Task::is_finished`] tells when.
    pub fn start<F>(&self, task: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.tasks.spawn(task)
    }

    /// Runs ready tasks until none is, or until `most` turns were taken, so that a task that always wakes itself
    /// cannot keep the outside world waiting. Returns whether some are still ready.
    pub fn run_ready(&self, most: usize) -> bool {
        (0..most).all(|_| self.tasks.try_tick())
    }

    /// A handle that starts tasks.
    pub fn spawner(&self) -> Spawner<Q> {
        Spawner { tasks: Rc::clone(&self.tasks) }
    }
}

impl<Q: ExecutorQueue + 'static> Default for Executor<Q> {
    fn default() -> Self {
        Self::new()
    }
}

/// Starts tasks: what every platform's spawn device is.
pub struct Spawner<Q: ExecutorQueue + 'static> {
    tasks: Rc<LocalExecutor<'static, Q>>,
}

impl<Q: ExecutorQueue + 'static> Clone for Spawner<Q> {
    fn clone(&self) -> Self {
        Self { tasks: Rc::clone(&self.tasks) }
    }
}

impl<Q: ExecutorQueue + 'static> Spawn for Spawner<Q> {
    fn spawn<F: Future<Output = ()> + 'static>(&self, task: F) {
        self.tasks.spawn(task).detach();
    }
}
