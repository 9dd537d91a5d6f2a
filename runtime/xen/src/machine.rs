//! The domain: what devices and the loop are given of it.

use core::cell::{Cell, OnceCell};
use core::task::{Context, Poll};

use mirage::args::Group;
use mirage::plumbing::Failure;
use mirage::time::{Instant, Timestamp};
use mirage_pvh::{Alarm, Host, Machine, Platform, STOP};

use crate::clock::Clock;
use crate::event::{self, VECTOR};
use crate::store::Store;
use crate::{console, control};

/// A tick of the timer that Xen gives a domain, in nanoseconds (xen/arch/x86/hvm/vlapic.c).
const TICK: u64 = 10;

/// Where the rings are that a domain has from its beginning: the number of a page, and of an event channel.
#[derive(Clone, Copy, Default)]
pub struct Rings {
    /// The console's.
    pub console: (u64, u32),
    /// Xenstore's.
    pub store: (u64, u32),
}

/// A domain of Xen's.
pub struct Xen {
    clock: Clock,
    alarm: Alarm,
    rings: Cell<Rings>,
    store: OnceCell<Option<Store>>,
    networks: Cell<usize>,
}

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Xen {}

static MACHINE: Xen = Xen {
    clock: Clock::new(),
    alarm: Alarm::new(),
    rings: Cell::new(Rings { console: (0, 0), store: (0, 0) }),
    store: OnceCell::new(),
    networks: Cell::new(0),
};

impl Machine for Xen {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&self, until: Option<Instant>) -> u64 {
        event::flush();
        let came = self.alarm.sleep(until, self, |left| self.clock.stamp_in(left), TICK);
        let events = if came & 1 << (VECTOR - 32) == 0 { 0 } else { event::take() };
        came & STOP | events
    }
}

impl Host for Xen {
    fn get() -> &'static Self {
        &MACHINE
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
        console::poll_read(context, buffer)
    }
}

impl Xen {
    /// Its clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where its first rings are.
    pub(crate) fn rings(&self) -> Rings {
        self.rings.get()
    }

    /// Says where they are.
    pub(crate) fn set_rings(&self, rings: Rings) {
        self.rings.set(rings);
    }

    /// Xenstore; none if there is no ring to it.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.get_or_init(Store::connect).as_ref()
    }

    /// The number of the network interface that is nobody's yet, which is somebody's from now on.
    pub(crate) fn next_network(&self) -> usize {
        self.networks.replace(self.networks.get() + 1)
    }
}

/// Runs the unikernel `name`: reads the command line, connects the devices and runs the jobs, all by `start`.
pub fn run<F>(name: &'static str, groups: &'static [Group], start: impl FnOnce(Platform) -> F + 'static) -> !
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    #[cfg(mirage_bare)]
    crate::prepare::begin();
    let boot = mirage_pvh::boot();
    mirage_pvh::run(Xen::get(), boot.command_line(), name, groups, move |platform| {
        control::listen(&platform);
        start(platform)
    })
}
