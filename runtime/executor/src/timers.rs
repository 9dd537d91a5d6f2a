//! Sleeping tasks, by the time they are to wake.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use mirage::time::Instant;

use crate::queue::{Queue, Ticket};

/// Sleeping tasks, by the time they are to wake. Cheap to clone; all clones are one queue.
#[derive(Clone, Default)]
pub struct Timers(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    queue: Queue<Waker>,
    /// Empty but while they are woken; it is kept for its memory.
    due: Vec<Waker>,
}

impl Timers {
    /// A future that is ready once [`fire`](Self::fire) has been told of a time at or past `deadline`.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { timers: self.clone(), deadline, state: State::New }
    }

    /// The earliest deadline anybody waits for.
    pub fn next(&self) -> Option<Instant> {
        self.0.borrow().queue.next()
    }

    /// Wakes everybody whose deadline is `now` or before, the earliest first.
    pub fn fire(&self, now: Instant) {
        let mut inner = self.0.borrow_mut();
        let Inner { queue, due } = &mut *inner;
        while let Some(waker) = queue.take_due(now) {
            due.push(waker);
        }
        if due.is_empty() {
            return;
        }
        // Woken when the queue is free again: who is woken may want it.
        let mut due = mem::take(due);
        drop(inner);
        due.drain(..).for_each(Waker::wake);
        self.0.borrow_mut().due = due;
    }
}

/// Waiting for a deadline; dropping it cancels it.
pub struct Sleep {
    timers: Timers,
    deadline: Instant,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Waiting(Ticket),
    Done,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let queue = &mut this.timers.0.borrow_mut().queue;
        match this.state {
            State::Done => return Poll::Ready(()),
            State::New => this.state = State::Waiting(queue.insert(this.deadline, context.waker().clone())),
            State::Waiting(ticket) => match queue.get_mut(ticket) {
                Some(waker) => waker.clone_from(context.waker()),
                None => {
                    this.state = State::Done;
                    return Poll::Ready(());
                }
            },
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let State::Waiting(ticket) = self.state {
            // Dropped when the queue is free again, as whatever a waker keeps alive may want it.
            let _waker = self.timers.0.borrow_mut().queue.remove(ticket);
        }
    }
}
