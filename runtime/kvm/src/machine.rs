//! The machine: what devices and the loop are given of it.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell};
use core::task::{Context, Poll};

use mirage::args::Group;
use mirage::plumbing::Failure;
use mirage::time::{Instant, Timestamp};
use mirage_pvh::{Alarm, Host, Interrupt, Machine, Platform, STOP, call};

use crate::button::Button;
use crate::clock::Clock;
use crate::hardware::Hardware;
use crate::random;
use crate::serial::Serial;
use crate::virtio::{self, Found};

/// The pins of an interrupt controller.
const PINS: u32 = 24;
/// The first line of the second controller, and the one QEMU raises in its place: what a PC's timer is led to on the
/// first controller, it leads every controller's first line to. Only QEMU's machines have two.
const SECOND: u32 = PINS;
const SECOND_AT: u32 = PINS + 2;

/// A virtual machine of KVM, or of QEMU without it.
pub struct Kvm {
    clock: Clock,
    alarm: Alarm,
    serial: Serial,
    button: Button,
    controllers: Cell<u32>,
    lines: RefCell<Vec<(u32, Interrupt)>>,
    devices: OnceCell<Vec<Found>>,
    console: OnceCell<virtio::Console<Hardware>>,
    networks: Cell<usize>,
}

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Kvm {}

static MACHINE: Kvm = Kvm {
    clock: Clock::new(),
    alarm: Alarm::new(),
    serial: Serial::new(),
    button: Button::new(),
    controllers: Cell::new(1),
    lines: RefCell::new(Vec::new()),
    devices: OnceCell::new(),
    console: OnceCell::new(),
    networks: Cell::new(0),
};

impl Machine for Kvm {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&self, until: Option<Instant>) -> u64 {
        // The timer of QEMU and of KVM counts nanoseconds.
        let until = self.clock.nearer(until);
        let came = self.alarm.sleep(until, self, |left| self.clock.stamp_in(left), 1);
        if self.button.pressed(came) { came | STOP } else { came }
    }
}

impl Host for Kvm {
    fn get() -> &'static Self {
        &MACHINE
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
        self.serial.poll_read(context, buffer)
    }

    async fn seed(&self, platform: &Platform) -> Option<[u8; 32]> {
        random::seed(self, platform).await
    }
}

impl Kvm {
    /// Its clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its power button.
    pub(crate) fn button(&self) -> &Button {
        &self.button
    }

    /// How many interrupt controllers it has, of 24 pins each.
    pub(crate) fn controllers(&self) -> u32 {
        self.controllers.get()
    }

    /// Says how many there are.
    pub(crate) fn set_controllers(&self, count: u32) {
        self.controllers.set(count);
    }

    /// The interrupt of a line, the same for all who share it; none where there is no such line, or no vector left.
    pub(crate) fn line(&self, line: u32, level: bool) -> Option<Interrupt> {
        let line = if line == SECOND { SECOND_AT } else { line };
        let mut lines = self.lines.borrow_mut();
        if let Some(&(_, interrupt)) = lines.iter().find(|&&(there, _)| there == line) {
            return Some(interrupt);
        }
        let interrupt = Interrupt::new()?;
        let (controller, pin) = (line / PINS, line % PINS);
        call::route(controller.into(), pin.into(), interrupt.vector(), level).then_some(())?;
        lines.push((line, interrupt));
        Some(interrupt)
    }

    /// Its virtio devices.
    ///
    /// # Errors
    /// When the command line names one that cannot be read.
    pub(crate) fn devices(&self) -> Result<&[Found], String> {
        if let Some(devices) = self.devices.get() {
            return Ok(devices);
        }
        let line = mirage_pvh::boot().command_line().unwrap_or_default();
        let found = virtio::find(&Hardware::new(), line).map_err(|error| error.to_string())?;
        Ok(self.devices.get_or_init(|| found))
    }

    /// The number of the network interface that is nobody's yet, which is somebody's from now on.
    pub(crate) fn next_network(&self) -> usize {
        self.networks.replace(self.networks.get() + 1)
    }

    /// Its virtio console, once somebody has connected it.
    pub(crate) fn console(&self) -> &OnceCell<virtio::Console<Hardware>> {
        &self.console
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
