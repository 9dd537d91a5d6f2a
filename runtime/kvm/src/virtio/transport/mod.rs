//! The ways to a device: memory-mapped registers (virtio 1.2 section 4.2), or the PCI bus (section 4.1).

mod mmio;
pub mod pci;

pub use mmio::{CONFIG as MMIO_CONFIG, MAGIC, Mmio};
pub use pci::Pci;

use alloc::vec::Vec;

use super::error::Problem;
use super::find::Place;
use super::machine::Machine;

// Device status (section 2.1).

/// The device has been noticed.
pub const ACKNOWLEDGE: u8 = 1;
/// There is a driver for it.
pub const DRIVER: u8 = 2;
/// The driver is ready.
pub const DRIVER_OK: u8 = 4;
/// The driver has taken its features.
pub const FEATURES_OK: u8 = 8;
/// The device has failed.
pub const NEEDS_RESET: u8 = 64;
/// The driver has given the device up.
pub const FAILED: u8 = 128;

/// What a device wanted when it raised an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It has used buffers.
    Queues,
    /// Its configuration has changed, or its status.
    Configuration,
    /// Either: asking which would take as long as all the rest.
    Unknown,
}

/// A device's registers.
pub enum Transport<M: Machine> {
    /// In memory, all in one place.
    Mmio(Mmio<M::Registers>),
    /// Where the capabilities of a PCI function say.
    Pci(Pci<M>),
}

/// Has each way of a transport do the same.
macro_rules! either {
    ($transport:expr, $it:ident => $do:expr) => {
        match $transport {
            Transport::Mmio($it) => $do,
            Transport::Pci($it) => $do,
        }
    };
}

impl<M: Machine> Transport<M> {
    /// The registers of the device at a place.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub fn open(machine: &M, place: Place) -> Result<Self, Problem> {
        match place {
            Place::Mmio { address, length, .. } => {
                let registers = machine.map(address, length).ok_or(Problem::NoRegisters("device"))?;
                Mmio::new(registers).map(Self::Mmio)
            }
            Place::Pci(function) => Pci::open(machine, function).map(Self::Pci),
        }
    }

    /// The interrupts of a device with so many queues, in no order.
    ///
    /// # Errors
    /// When none can be had.
    pub fn interrupts(&mut self, machine: &M, place: Place, queues: u16) -> Result<Vec<M::Interrupt>, Problem> {
        match (self, place) {
            (Self::Pci(pci), _) => pci.interrupts(machine, queues),
            (Self::Mmio(_), Place::Mmio { line, .. }) => {
                let line = machine.line(line, super::machine::Trigger::Edge);
                Ok([line.ok_or(Problem::NoInterrupt)?].into())
            }
            (Self::Mmio(_), Place::Pci(_)) => Err(Problem::NoInterrupt),
        }
    }

    /// The device's status.
    pub fn status(&self) -> u8 {
        either!(self, it => it.status())
    }

    /// Sets the device's status; 0 resets it.
    pub fn set_status(&self, status: u8) {
        either!(self, it => it.set_status(status));
    }

    /// The features it offers.
    pub fn offered(&self) -> u64 {
        let half = |which| u64::from(either!(self, it => it.offered(which)));
        half(0) | half(1) << 32
    }

    /// The features that are taken.
    pub fn accept(&self, features: u64) {
        for (which, half) in [features as u32, (features >> 32) as u32].into_iter().enumerate() {
            either!(self, it => it.accept(which as u32, half));
        }
    }

    /// How many descriptors a queue may have at most; 0: there is no such queue, or it is in use.
    pub fn queue_most(&self, queue: u16) -> u16 {
        either!(self, it => it.queue_most(queue))
    }

    /// Says where a queue's descriptors, available ring and used ring are, and has it used.
    ///
    /// # Errors
    /// When the device does not let it be used.
    pub fn set_queue(&mut self, queue: u16, size: u16, addresses: [u64; 3]) -> Result<(), Problem> {
        either!(self, it => it.set_queue(queue, size, addresses))
    }

    /// Tells the device that there is something in a queue.
    pub fn notify(&self, queue: u16) {
        either!(self, it => it.notify(queue));
    }

    /// What the device wanted when an interrupt of its was raised; it may raise the next.
    pub fn acknowledge(&self, which: usize) -> Cause {
        either!(self, it => it.acknowledge(which))
    }

    /// Changes whenever the device's configuration does.
    pub fn generation(&self) -> u32 {
        either!(self, it => it.generation())
    }

    /// A field of one byte of the device's configuration.
    pub fn config8(&self, offset: usize) -> u8 {
        either!(self, it => it.config8(offset))
    }

    /// A field of two bytes of the device's configuration: it is read as one (section 4.2.2.2).
    pub fn config16(&self, offset: usize) -> u16 {
        either!(self, it => it.config16(offset))
    }
}
