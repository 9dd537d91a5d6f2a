//! The machine: what devices and the loop are given of it.

use mirage::args::Group;
use mirage::plumbing::Failure;
use mirage::time::Instant;
use mirage_pvh::{Machine, Platform, call};

use crate::clock::Clock;
use crate::serial::Serial;

/// The longest sleep, in nanoseconds: what the timer counts at most.
const LONGEST: u64 = u32::MAX as u64;

/// A virtual machine of KVM, or of QEMU without it.
pub struct Kvm {
    clock: Clock,
    serial: Serial,
}

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Kvm {}

static MACHINE: Kvm = Kvm { clock: Clock::new(), serial: Serial::new() };

impl Machine for Kvm {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&self, until: Option<Instant>) -> u64 {
        let Some(until) = until else { return call::wait(u64::MAX, 0) };
        if until == Instant::START {
            // Only a look, at once over.
            return call::wait(0, 1);
        }
        let left = until.as_nanos().saturating_sub(self.now().as_nanos()).clamp(1, LONGEST);
        // The timer of QEMU and of KVM counts nanoseconds.
        call::wait(self.clock.stamp_in(left), left as u32)
    }

    fn write(&self, bytes: &[u8]) {
        mirage_pvh::write(bytes);
    }
}

impl Kvm {
    /// The machine there is.
    pub(crate) fn get() -> &'static Self {
        &MACHINE
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its serial port.
    pub(crate) fn serial(&self) -> &Serial {
        &self.serial
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
    mirage_pvh::run(Kvm::get(), boot.command_line(), name, groups, start)
}
