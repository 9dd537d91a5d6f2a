//! Tasks and whose turn it is.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_task::{Runnable, Task};
use mirage::Spawn;

/// Runs tasks on one thread, each in its turn, first woken first run. Any thread may wake one.
#[derive(Default)]
pub struct Executor {
    spawner: Spawner,
    /// Tasks whose turn comes before that of any in the queue: taken from it all at once, so that a turn takes no lock.
    taken: RefCell<VecDeque<Runnable>>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts the task whose end is the program's end; [`Task::is_finished`] tells when. Dropping it ends it.
    pub fn start<F>(&self, task: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawner.start(task)
    }

    /// Runs ready tasks until none is, or until `most` turns were taken, so that a task that always wakes itself
    /// cannot keep the outside world waiting. Returns whether some are still ready.
    pub fn run_ready(&self, most: usize) -> bool {
        (0..most).all(|_| self.next().map(Runnable::run).is_some())
    }

    fn next(&self) -> Option<Runnable> {
        let mut taken = self.taken.borrow_mut();
        if taken.is_empty() {
            self.spawner.ready.swap(&mut taken);
        }
        taken.pop_front()
    }

    /// A handle that starts tasks.
    pub fn spawner(&self) -> Spawner {
        self.spawner.clone()
    }
}

/// Starts tasks: what every spawn device is made of.
#[derive(Clone, Default)]
pub struct Spawner {
    ready: Arc<Ready>,
}

impl Spawner {
    fn start<F>(&self, task: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let ready = Arc::clone(&self.ready);
        let (runnable, task) = async_task::spawn_local(task, move |runnable| ready.put(runnable));
        runnable.schedule();
        task
    }
}

impl Spawn for Spawner {
    fn spawn<F: Future<Output = ()> + 'static>(&self, task: F) {
        self.start(task).detach();
    }
}

/// The tasks that are ready, in the order they became so.
#[derive(Default)]
struct Ready(Mutex<VecDeque<Runnable>>);

impl Ready {
    fn put(&self, runnable: Runnable) {
        // A push or a swap leaves the queue whole wherever it stops.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(runnable);
    }

    /// Takes all of them and leaves `others`.
    fn swap(&self, others: &mut VecDeque<Runnable>) {
        std::mem::swap(others, &mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
