//! What every device of a bare-metal platform is connected to.

use alloc::boxed::Box;
use core::cell::Cell;
use core::fmt;
use core::task::{Context, Poll};
use core::time::Duration;

use mirage::args::{Boot, Matches, Values};
use mirage::plumbing::FailureKind;
use mirage::time::{Instant, Timestamp};
use mirage_executor::Timers;

use crate::executor::Executor;
use crate::run::failed;

/// What `wait` says once somebody outside has asked for an end.
pub const STOP: u64 = 1 << 63;

/// What is to become of a machine whose unikernel has ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nothing more.
    #[default]
    Off,
    /// It begins anew, where whoever runs it lets it: Xen's toolstack alone is told.
    Restart,
}

/// What a platform brings that every unikernel needs: a clock, and how it waits.
pub trait Machine {
    /// The time since the start.
    fn now(&self) -> Instant;

    /// Sleeps until an interrupt, or until a time; returns the vectors that came, a bit each from 32 on, with [`STOP`] once
    /// somebody outside has asked for an end.
    fn wait(&self, until: Option<Instant>) -> u64;
}

/// What a platform brings besides, for devices that not every unikernel has: what an image does not name is not in it.
pub trait Host: Machine + Sized + 'static {
    /// The machine there is.
    fn get() -> &'static Self;

    /// The time of day.
    fn wall(&self) -> Timestamp;

    /// Reads what has been typed: at least one byte.
    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize>;

    /// What a device of it gives to a seed, if there is one.
    async fn seed(&self, platform: &Platform) -> Option<[u8; 32]> {
        let _ = platform;
        None
    }
}

/// The machine a unikernel runs on: its loop, its timers, its command line. There is one, to the end: whoever has it has
/// nothing to count.
#[derive(Clone)]
pub struct Platform(&'static Inner);

struct Inner {
    name: &'static str,
    machine: &'static dyn Machine,
    values: Values,
    boot: Boot,
    timers: Timers,
    ending: Cell<Option<End>>,
}

impl Platform {
    /// The group of arguments every unikernel takes.
    pub const BOOT: &'static str = "every unikernel";

    pub(crate) fn new(
        name: &'static str,
        machine: &'static dyn Machine,
        values: Values,
        boot: Boot,
        timers: Timers,
    ) -> Self {
        Self(Box::leak(Box::new(Inner { name, machine, values, boot, timers, ending: Cell::new(None) })))
    }

    /// What every unikernel is told.
    pub(crate) fn boot(&self) -> &Boot {
        &self.0.boot
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
        Executor::new().start(task);
    }

    /// Has the loop stop, as if somebody outside had asked for it, and the machine end so.
    pub fn stop(&self, end: End) {
        self.0.ending.set(Some(end));
    }

    /// Ends the unikernel for a device without which it is of no use, as if it had never had it: with a line that says why,
    /// and the same status.
    pub fn fail(&self, reason: &dyn fmt::Display) -> ! {
        failed(self.0.name, FailureKind::Device, reason)
    }

    pub(crate) fn ending(&self) -> Option<End> {
        self.0.ending.get()
    }
}
