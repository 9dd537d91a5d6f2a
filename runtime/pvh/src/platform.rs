//! What every device of a bare-metal platform is connected to.

use alloc::rc::Rc;
use core::cell::Cell;
use core::task::{Context, Poll};
use core::time::Duration;

use mirage::args::{Matches, Values};
use mirage::time::{Instant, Timestamp};
use mirage_executor::Timers;

use crate::executor::Executor;

/// What a platform brings: a clock, a console, and how it waits.
pub trait Machine {
    /// The time since the start.
    fn now(&self) -> Instant;

    /// The time of day.
    fn wall(&self) -> Timestamp;

    /// Sleeps until an interrupt, or until a time; returns the vectors that came, a bit each from 32 on, with bit 63 once
    /// somebody outside has asked for an end.
    fn wait(&self, until: Option<Instant>) -> u64;

    /// Writes to the console, all of it.
    fn write(&self, bytes: &[u8]);

    /// Reads from the console: at least one byte.
    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize>;
}

/// The machine a unikernel runs on: its loop, its timers, its command line. Cheap to clone.
#[derive(Clone)]
pub struct Platform(Rc<Inner>);

struct Inner {
    machine: &'static dyn Machine,
    values: Values,
    timers: Timers,
    executor: Executor,
    stopping: Cell<bool>,
}

impl Platform {
    /// The group of arguments every unikernel takes.
    pub const BOOT: &'static str = "every unikernel";

    pub(crate) fn new(machine: &'static dyn Machine, values: Values, timers: Timers, executor: Executor) -> Self {
        Self(Rc::new(Inner { machine, values, timers, executor, stopping: Cell::new(false) }))
    }

    /// The values given on the command line for the group `of` something.
    pub fn arguments(&self, of: &str) -> Matches<'_> {
        self.0.values.group(of)
    }

    /// The machine.
    pub fn machine(&self) -> &'static dyn Machine {
        self.0.machine
    }

    /// Sleeps.
    pub async fn sleep(&self, duration: Duration) {
        self.0.timers.sleep_until(self.0.machine.now() + duration).await;
    }

    /// Starts a task of the platform's own.
    pub fn start(&self, task: impl Future<Output = ()> + 'static) {
        self.0.executor.start(task).detach();
    }

    /// Has the loop stop, as if somebody outside had asked for it.
    pub fn stop(&self) {
        self.0.stopping.set(true);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.get()
    }
}
