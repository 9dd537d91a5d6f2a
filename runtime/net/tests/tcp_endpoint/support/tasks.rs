//! Tasks that are polled when they were woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// An executor in a few lines.
#[derive(Default)]
pub struct Tasks(Vec<(Task, Arc<Flag>)>);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    pub fn spawn(&mut self, task: impl Future<Output = ()> + 'static) {
        self.0.push((Box::pin(task), Arc::new(Flag(AtomicBool::new(true)))));
    }

    /// Runs those that were woken until none is.
    pub fn run(&mut self) {
        let mut any = true;
        while std::mem::take(&mut any) {
            self.0.retain_mut(|(task, flag)| {
                if !flag.0.swap(false, Ordering::Relaxed) {
                    return true;
                }
                any = true;
                let waker = Waker::from(Arc::clone(flag));
                task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
            });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
