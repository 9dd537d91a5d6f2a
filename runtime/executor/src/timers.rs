//! Sleeping tasks, by the time they are to wake.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use mirage::time::Instant;

/// Sleeping tasks, by the time they are to wake. Cheap to clone; all clones are one queue.
#[derive(Clone, Default)]
pub struct Timers(Rc<RefCell<Queue>>);

#[derive(Default)]
struct Queue {
    /// Ordered by deadline; the number tells two sleepers of one deadline apart and keeps them in order.
    sleepers: BTreeMap<(Instant, u64), Waker>,
    numbered: u64,
}

impl Timers {
    /// A future that is ready once [`fire`](Self::fire) has been told of a time at or past `deadline`.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { timers: self.clone(), deadline, state: State::New }
    }

    /// The earliest deadline anybody waits for.
    pub fn next(&self) -> Option<Instant> {
        self.0.borrow().sleepers.keys().next().map(|&(deadline, _)| deadline)
    }

    /// Wakes everybody whose deadline is `now` or before, the earliest first.
    pub fn fire(&self, now: Instant) {
        // Taken out first: who is woken may want the queue. Most often nobody is due, and then nothing is allocated.
        let mut due = Vec::new();
        let mut queue = self.0.borrow_mut();
        while let Some(earliest) = queue.sleepers.first_entry().filter(|sleeper| sleeper.key().0 <= now) {
            due.push(earliest.remove());
        }
        drop(queue);
        due.into_iter().for_each(Waker::wake);
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
    Waiting(u64),
    Done,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut queue = this.timers.0.borrow_mut();
        match this.state {
            State::Done => return Poll::Ready(()),
            State::New => {
                queue.numbered += 1;
                let number = queue.numbered;
                queue.sleepers.insert((this.deadline, number), context.waker().clone());
                this.state = State::Waiting(number);
            }
            State::Waiting(number) => match queue.sleepers.get_mut(&(this.deadline, number)) {
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
        if let State::Waiting(number) = self.state {
            self.timers.0.borrow_mut().sleepers.remove(&(self.deadline, number));
        }
    }
}
