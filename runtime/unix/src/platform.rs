//! What every device of this platform is connected to.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::{self, Duration};

use mirage::args::{Matches, Values};
use mirage::time::Instant;
use mirage_executor::{Executor, Timers};

use crate::pool::Pool;
use crate::reactor::{Reactor, Registration};

/// The process a unikernel runs in: its loop, its timers, its command line. Cheap to clone.
#[derive(Clone)]
pub struct Platform(Rc<Inner>);

struct Inner {
    start: time::Instant,
    values: Values,
    reactor: Reactor,
    timers: Timers,
    pool: Pool,
    spawner: mirage_executor::Spawner,
    /// Standard input, once somebody reads it: it can be registered once only, and not at all if it is a file.
    stdin: OnceCell<Option<Registration>>,
    /// The loop does not sleep before then.
    look_on_until: Cell<Option<time::Instant>>,
}

impl Platform {
    /// The group of arguments every unikernel takes.
    pub const BOOT: &'static str = "every unikernel";

    pub(crate) fn new(
        start: time::Instant,
        values: Values,
        reactor: Reactor,
        timers: Timers,
        executor: &Executor,
    ) -> Self {
        let (pool, spawner, stdin) = (Pool::default(), executor.spawner(), OnceCell::new());
        let look_on_until = Cell::new(None);
        Self(Rc::new(Inner { start, values, reactor, timers, pool, spawner, stdin, look_on_until }))
    }

    /// The values given on the command line for the group `of` something.
    pub fn arguments(&self, of: &str) -> Matches<'_> {
        self.0.values.group(of)
    }

    pub(crate) fn start(&self) -> time::Instant {
        self.0.start
    }

    pub(crate) fn now(&self) -> Instant {
        now(self.0.start)
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.0.timers.sleep_until(self.now() + duration).await;
    }

    pub(crate) fn reactor(&self) -> &Reactor {
        &self.0.reactor
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    pub(crate) fn stdin(&self) -> Option<&Registration> {
        self.0.stdin.get_or_init(|| self.0.reactor.register(rustix::stdio::stdin()).ok()).as_ref()
    }
}

impl Platform {
    /// Keeps the loop from sleeping for a while: to be woken costs more than to look a few times for what is near.
    pub(crate) fn look_on(&self, duration: Duration) {
        let until = time::Instant::now().checked_add(duration);
        self.0.look_on_until.set(self.0.look_on_until.get().max(until));
    }

    /// Whether the loop is to look again instead of sleeping.
    pub(crate) fn looks_on(&self) -> bool {
        let Some(until) = self.0.look_on_until.get() else { return false };
        let looks_on = time::Instant::now() < until;
        if !looks_on {
            self.0.look_on_until.set(None);
        }
        looks_on
    }
}

/// The time since `start`.
pub(crate) fn now(start: time::Instant) -> Instant {
    Instant::START + start.elapsed()
}

/// Starts tasks on the loop.
#[derive(Clone)]
pub struct Spawner(mirage_executor::Spawner);

impl Spawner {
    /// The loop of this process.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, std::convert::Infallible> {
        Ok(Self(platform.0.spawner.clone()))
    }
}

impl mirage::Spawn for Spawner {
    fn spawn<F: Future<Output = ()> + 'static>(&self, task: F) {
        self.0.spawn(task);
    }
}
