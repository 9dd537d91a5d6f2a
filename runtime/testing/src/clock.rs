//! Virtual time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use mirage::time::{Instant, Timestamp};
use mirage_executor::{Sleep, Timers};

/// The virtual clock: it stands while anything can be done, and jumps when nothing can.
#[derive(Clone, Default)]
pub struct Clock {
    now: Rc<Cell<Instant>>,
    timers: Timers,
}

impl Clock {
    /// Jumps to the next moment that anybody waits for; false if nobody waits for any.
    pub(crate) fn jump(&self) -> bool {
        let Some(next) = self.timers.next() else { return false };
        self.now.set(next.max(self.now.get()));
        self.timers.fire(self.now.get());
        true
    }

    /// Ready when the clock is at or past `deadline`; to be polled again after every jump.
    pub(crate) fn sleep(&self, deadline: Instant) -> Sleep {
        self.timers.sleep_until(deadline)
    }

    pub(crate) async fn sleep_until(&self, deadline: Instant) {
        if deadline > self.now.get() {
            self.timers.sleep_until(deadline).await;
        }
    }
}

impl mirage::Clock for Clock {
    fn now(&self) -> Instant {
        self.now.get()
    }
}

/// The virtual date: a test begins on 2026-01-01 at midnight, UTC.
#[derive(Clone)]
pub struct WallClock(pub(crate) Clock);

impl WallClock {
    const BEGIN: Duration = Duration::from_secs(1_767_225_600);
}

impl mirage::WallClock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp(Self::BEGIN + self.0.now.get().since(Instant::START))
    }
}

/// Sleeps in virtual time.
#[derive(Clone)]
pub struct Time(pub(crate) Clock);

impl mirage::Time for Time {
    async fn sleep(&self, duration: Duration) {
        self.0.timers.sleep_until(self.0.now.get() + duration).await;
    }
}
