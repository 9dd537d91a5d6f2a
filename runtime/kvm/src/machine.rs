//! The machine: what devices and the loop are given of it.

use core::task::{Context, Poll};

use mirage::args::Group;
use mirage::plumbing::Failure;
use mirage::time::{Instant, Timestamp};
use mirage_pvh::{Machine, Platform, call};

use crate::button::Button;
use crate::clock::Clock;
use crate::serial::Serial;

/// What `wait` says once somebody outside has asked for an end.
const STOP: u64 = 1 << 63;
/// The longest sleep, in nanoseconds: what the timer counts at most.
const LONGEST: u64 = u32::MAX as u64;

/// A virtual machine of KVM, or of QEMU without it.
pub struct Kvm {
    clock: Clock,
    serial: Serial,
    button: Button,
}

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Kvm {}

static MACHINE: Kvm = Kvm { clock: Clock::new(), serial: Serial::new(), button: Button::new() };

impl Machine for Kvm {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    fn wait(&self, until: Option<Instant>) -> u64 {
        let came = match until {
            None => call::wait(u64::MAX, 0),
            // Only a look, at once over.
            Some(Instant::START) => call::wait(0, 1),
            Some(until) => {
                let left = until.as_nanos().saturating_sub(self.now().as_nanos()).clamp(1, LONGEST);
                // The timer of QEMU and of KVM counts nanoseconds.
                call::wait(self.clock.stamp_in(left), left as u32)
            }
        };
        if self.button.pressed(came) { came | STOP } else { came }
    }

    fn write(&self, bytes: &[u8]) {
        mirage_pvh::write(bytes);
    }

    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
        self.serial.poll_read(context, buffer)
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

    /// Its power button.
    pub(crate) fn button(&self) -> &Button {
        &self.button
    }

    /// Its serial port.
    pub(crate) fn serial(&self) -> &Serial {
        &self.serial
    }
}

/// Runs the unikernel `name`: reads the command line, connects the devices and runs the jobs, all by `start`.
pub fn run<F>(name: &'static str, groups: &'static [Group], start: impl FnOnce(Platform) -> F) -> !
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    #[cfg(mirage_bare)]
    crate::prepare::begin();
    let boot = mirage_pvh::boot();
    mirage_pvh::run(Kvm::get(), boot.command_line(), name, groups, start)
}
