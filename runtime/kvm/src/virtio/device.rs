//! A device brought up: what every driver does with one, whatever its kind (virtio 1.2 section 3.1).

use alloc::vec::Vec;
use core::task::{Context, Poll};

use super::error::{Error, Problem};
use super::find::Found;
use super::machine::{Interrupt as _, Machine};
use super::queue::{Layout, Queue};
use super::transport::{ACKNOWLEDGE, Cause, DRIVER, DRIVER_OK, FAILED, FEATURES_OK, NEEDS_RESET, Transport};

// Features of every device, section 6.
const INDIRECT: u64 = 1 << 28;
const EVENT_INDEX: u64 = 1 << 29;
const VERSION_1: u64 = 1 << 32;
/// Addresses are those of the platform: the same as the machine's, unless somebody sets an IOMMU up, which nobody does.
const ACCESS_PLATFORM: u64 = 1 << 33;
const COMMON: u64 = INDIRECT | EVENT_INDEX | VERSION_1 | ACCESS_PLATFORM;

/// How often it is looked whether a device is idle after it was told to be, and how often its configuration is read until
/// it holds still.
const PATIENCE: u32 = 20_000;
const READS: u32 = 16;

/// A device.
pub struct Device<M: Machine> {
    found: Found,
    transport: Transport<M>,
    features: u64,
    interrupts: Vec<M::Interrupt>,
    /// Whether it has used buffers since its last interrupt: which was for them, then.
    worked: bool,
    /// What it did, and is not used any more for.
    broken: Option<Problem>,
}

impl<M: Machine> Device<M> {
    /// Resets a device and takes those of the features it offers that `choose` wants of them, and what is the same for
    /// all devices. `queues` is how many will be set up.
    ///
    /// # Errors
    /// When it has no registers, no interrupts, or nothing that virtio 1.0 wants.
    pub fn start(machine: &M, found: Found, queues: u16, choose: fn(u64) -> u64) -> Result<Self, Error> {
        let start = || {
            let mut transport = Transport::open(machine, found.place)?;
            transport.set_status(0);
            if (0..PATIENCE).all(|_| transport.status() != 0) {
                return Err(Problem::NoReset);
            }
            transport.set_status(ACKNOWLEDGE);
            transport.set_status(ACKNOWLEDGE | DRIVER);
            let offered = transport.offered();
            if offered & VERSION_1 == 0 {
                return Err(give_up(&transport, Problem::Legacy));
            }
            let features = offered & (choose(offered) | COMMON);
            transport.accept(features);
            transport.set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
            if transport.status() & FEATURES_OK == 0 {
                return Err(give_up(&transport, Problem::Features));
            }
            let interrupts = transport.interrupts(machine, found.place, queues);
            let interrupts = interrupts.map_err(|problem| give_up(&transport, problem))?;
            Ok((transport, features, interrupts))
        };
        let (transport, features, interrupts) =
            start().map_err(|problem| Error { kind: found.kind, place: found.place, problem })?;
        Ok(Self { found, transport, features, interrupts, worked: false, broken: None })
    }

    /// Whether all of `features` were offered and taken.
    pub fn has(&self, features: u64) -> bool {
        self.features & features == features
    }

    /// Sets a queue up, of at most `most` descriptors, each of which can stand for `indirect` more. Behind it in memory
    /// are `more` bytes for its driver.
    ///
    /// # Errors
    /// When the device has no such queue, or there is no memory for it.
    pub fn queue(
        &mut self,
        machine: &M,
        (index, name): (u16, &'static str),
        (most, indirect): (u16, u16),
    ) -> Result<Queue, Error> {
        let made = self.make_queue(machine, index, name, most, indirect);
        made.map_err(|problem| self.fail(problem))
    }

    fn make_queue(
        &mut self,
        machine: &M,
        index: u16,
        name: &'static str,
        most: u16,
        indirect: u16,
    ) -> Result<Queue, Problem> {
        let indirect = if self.has(INDIRECT) { indirect } else { 0 };
        let layout = Layout::new(self.transport.queue_most(index), most, indirect).ok_or(Problem::NoQueue(name))?;
        let memory = machine.dma(layout.pages()).filter(|memory| memory.length() >= layout.length);
        let memory = memory.ok_or(Problem::NoMemory)?;
        let queue = Queue::new(name, index, layout, memory, self.has(EVENT_INDEX)).ok_or(Problem::NoMemory)?;
        self.transport.set_queue(index, queue.size(), queue.addresses())?;
        Ok(queue)
    }

    /// The device may begin: its queues are there.
    pub fn run(&self) {
        self.transport.set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /// Tells the device what was given to a queue, if it wants to be told.
    pub fn kick(&self, queue: &mut Queue) {
        if queue.flush() {
            self.transport.notify(queue.index());
        }
    }

    /// Reads of the device's configuration whatever `read` reads, all at one moment.
    ///
    /// # Errors
    /// When it never holds still.
    pub fn configuration<T>(&mut self, read: impl Fn(&Transport<M>) -> T) -> Result<T, Error> {
        for _ in 0..READS {
            let before = self.transport.generation();
            let value = read(&self.transport);
            if self.transport.generation() == before {
                return Ok(value);
            }
        }
        Err(self.fail(Problem::Unsteady))
    }

    /// Ready when the device has raised an interrupt since the last call: its queues are to be looked at.
    ///
    /// # Errors
    /// When it says that it has failed.
    pub fn poll_interrupt(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut raised = false;
        let mut may_have_failed = false;
        for (which, interrupt) in self.interrupts.iter().enumerate() {
            if interrupt.poll_raised(context).is_ready() {
                raised = true;
                may_have_failed |= match self.transport.acknowledge(which) {
                    Cause::Queues => false,
                    Cause::Configuration => true,
                    Cause::Unknown => !self.worked,
                };
            }
        }
        if !raised {
            return Poll::Pending;
        }
        self.worked = false;
        Poll::Ready(if may_have_failed { self.ask() } else { Ok(()) })
    }

    /// The device has used buffers.
    pub fn worked(&mut self) {
        self.worked = true;
    }

    /// Asks the device whether it still works.
    ///
    /// # Errors
    /// When it says that it has failed.
    pub fn ask(&mut self) -> Result<(), Error> {
        if self.transport.status() & NEEDS_RESET != 0 { Err(self.fail(Problem::NeedsReset)) } else { Ok(()) }
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// What it was given up for.
    pub fn check(&self) -> Result<(), Error> {
        self.broken.map_or(Ok(()), |problem| Err(self.error(problem)))
    }

    /// The device did what it may not do: it is reset, and not used any more.
    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, problem: Problem) -> Error {
        let first = *self.broken.get_or_insert_with(|| give_up(&self.transport, problem));
        self.error(first)
    }

    fn error(&self, problem: Problem) -> Error {
        Error { kind: self.found.kind, place: self.found.place, problem }
    }
}

/// Tells a device that it is given up, and has it let go of all memory.
fn give_up<M: Machine>(transport: &Transport<M>, problem: Problem) -> Problem {
    transport.set_status(transport.status() | FAILED);
    transport.set_status(0);
    problem
}
