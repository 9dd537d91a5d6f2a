//! Tasks of one's own.

use core::future::Future;

/// Starts tasks that run beside the job.
///
/// All tasks share one thread and give way only at an `await`. A task ends with the unikernel: when the jobs are
/// done, what is still running is dropped.
#[diagnostic::on_unimplemented(message = "a spawner is wanted here, but this is a `{Self}`", label = "not a spawner")]
pub trait Spawn: Clone + 'static {
    /// Starts `task`; it first runs after the caller has given way.
    fn spawn<F: Future<Output = ()> + 'static>(&self, task: F);
}
