//! Tasks and whose turn it is, where there is one processor and no thread.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::cell::{Cell, RefCell};
use core::pin::Pin;
use core::task::{Context, Waker};

/// Runs tasks, each in its turn, first woken first run. There is one queue in an image.
#[derive(Clone, Copy, Default)]
pub struct Executor(());

/// A task; whoever wakes it has a part of it.
struct Task {
    /// None once it is done.
    future: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    /// Whether it is in the queue: it stands there once at most.
    ready: Cell<bool>,
}

// SAFETY: a waker stays on the one processor there is, and interrupts call none: they are noted down in ring 0.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

struct Ready(RefCell<VecDeque<Arc<Task>>>);

// SAFETY: as above.
unsafe impl Sync for Ready {}

static READY: Ready = Ready(RefCell::new(VecDeque::new()));

impl Executor {
    /// The executor of this image.
    pub const fn new() -> Self {
        Self(())
    }

    /// Starts a task.
    pub fn start(self, future: impl Future<Output = ()> + 'static) {
        self.start_boxed(Box::pin(future));
    }

    /// As [`start`](Self::start), and there once.
    fn start_boxed(self, future: Pin<Box<dyn Future<Output = ()>>>) {
        let task = Task { future: RefCell::new(Some(future)), ready: Cell::new(false) };
        Arc::new(task).wake();
    }

    /// Runs ready tasks until none is, or until `most` turns were taken; returns whether some are still ready.
    pub fn run_ready(self, most: usize) -> bool {
        for _ in 0..most {
            let next = READY.0.borrow_mut().pop_front();
            let Some(task) = next else { return false };
            task.run();
        }
        true
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        // Before it runs: what wakes it meanwhile gives it another turn.
        self.ready.set(false);
        let waker = Waker::from(Arc::clone(&self));
        let Ok(mut future) = self.future.try_borrow_mut() else { return };
        let done =
            future.as_mut().is_some_and(|future| future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        if done {
            // Dropped once nobody holds it: what goes with it may wake this very task.
            let gone = future.take();
            drop(future);
            drop(gone);
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.ready.replace(true) {
            READY.0.borrow_mut().push_back(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.ready.get() {
            Arc::clone(self).wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;
    use alloc::vec::Vec;
    use core::future::poll_fn;
    use core::task::Poll;

    use super::*;

    /// In one test, since the queue is one, and tests are threads.
    #[test]
    fn tasks_take_turns_and_end() {
        let executor = Executor::new();
        let log = Rc::new(RefCell::new(Vec::new()));
        let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
        for number in 0..3 {
            let (log, kept) = (Rc::clone(&log), Rc::clone(&kept));
            executor.start(async move {
                log.borrow_mut().push(number);
                let mut turns = 0;
                poll_fn(|context| {
                    turns += 1;
                    // Woken twice, it has one turn; woken while it runs, it has it afterwards.
                    context.waker().wake_by_ref();
                    let other = context.waker().clone();
                    other.wake();
                    *kept.borrow_mut() = Some(context.waker().clone());
                    if turns == 2 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                log.borrow_mut().push(number + 10);
            });
        }
        assert!(executor.run_ready(4), "some are ready still");
        assert_eq!(*log.borrow(), [0, 1, 2, 10]);
        assert!(!executor.run_ready(100));
        assert_eq!(*log.borrow(), [0, 1, 2, 10, 11, 12]);
        // One that is done is gone, but for who can wake it, to no effect.
        assert_eq!(Rc::strong_count(&log), 1);
        let waker = kept.borrow_mut().take().expect("the last one's");
        waker.wake();
        assert!(!executor.run_ready(100));
        // One whose end wakes it.
        struct Last(Rc<RefCell<Option<Waker>>>);
        impl Drop for Last {
            fn drop(&mut self) {
                self.0.borrow_mut().take().into_iter().for_each(Waker::wake);
            }
        }
        let last = Last(Rc::clone(&kept));
        executor.start(async move {
            poll_fn(|context| {
                *last.0.borrow_mut() = Some(context.waker().clone());
                Poll::Ready(())
            })
            .await;
        });
        assert!(!executor.run_ready(100));
        assert_eq!(Rc::strong_count(&kept), 1);
    }
}
