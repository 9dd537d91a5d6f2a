//! What a device, and so the monitor behind it, did that it may not do, and what a machine lacks for it.

use core::fmt;

use embedded_io_async::ErrorKind;

use super::find::{Kind, Place};

/// Why a device cannot be used, or no longer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub place: Place,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a device. Queues are called by what goes through them.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// More buffers are said to be used than were given.
    Jump {
        /// In which queue.
        queue: &'static str,
        /// How many are said to be used.
        used: u16,
        /// How many there were.
        given: u16,
    },
    /// A buffer is given back that the device does not have.
    NotGiven {
        /// In which queue.
        queue: &'static str,
        /// What it is said to be.
        id: u32,
    },
    /// More is said to be written into a buffer than it has room for, or less than there has to be.
    Length {
        /// In which queue.
        queue: &'static str,
        /// How many bytes are said to be written.
        written: u32,
        /// How many have to be, at least.
        least: u32,
        /// How many can be.
        most: u32,
    },
    /// A frame is said to be spread over no buffers, or over more than there are.
    Pieces {
        /// Over how many.
        pieces: u16,
        /// How many there are.
        most: u16,
    },
    /// The device says that it no longer works.
    NeedsReset,
    /// It does not become idle.
    NoReset,
    /// Its configuration does not hold still long enough to be read.
    Unsteady,
    /// It speaks only what was spoken before virtio 1.0.
    Legacy,
    /// It does not take what it offered.
    Features,
    /// It has no such queue, or does not let it be used.
    NoQueue(&'static str),
    /// Its registers are nowhere they can be, or too few.
    NoRegisters(&'static str),
    /// No interrupt can be had for it.
    NoInterrupt,
    /// There is no memory for its queues and buffers.
    NoMemory,
    /// It has no hardware address, and none was given.
    NoMac,
    /// The frames of its link are too short for anything.
    Mtu(u16),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        self.place.fmt(f)?;
        f.write_str(": ")?;
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Jump { queue, used, given } => {
                write!(f, "the monitor says that {used} buffers of queue `{queue}` are used, of {given} it was given")
            }
            Self::NotGiven { queue, id } => {
                write!(f, "the monitor gives back buffer {id} of queue `{queue}`, which it does not have")
            }
            Self::Length { queue, written, least, most } => write!(
                f,
                "the monitor says that it wrote {written} bytes into a buffer of queue `{queue}`, which has from {least} \
                 to {most}"
            ),
            Self::Pieces { pieces, most } => {
                write!(
                    f,
                    "the monitor says that a frame is in {pieces} buffers of queue `receive`, of {most} there are"
                )
            }
            Self::NeedsReset => f.write_str("the monitor says that the device has failed"),
            Self::NoReset => f.write_str("the monitor does not reset the device"),
            Self::Unsteady => f.write_str("the monitor changes the device's configuration faster than it can be read"),
            Self::Legacy => f.write_str(
                "the monitor offers it only as it was before virtio 1.0; hint: QEMU is to be given `-global \
                 virtio-mmio.force-legacy=false`, and with a PCI bus `disable-modern` is to be left off",
            ),
            Self::Features => f.write_str("the monitor refuses the features it offers"),
            Self::NoQueue(queue) => write!(f, "the monitor gives it no queue `{queue}`"),
            Self::NoRegisters(which) => write!(f, "its {which} registers are nowhere they can be used"),
            Self::NoInterrupt => f.write_str("no interrupt can be had for it"),
            Self::NoMemory => f.write_str("there is no memory for its queues; hint: give the machine more"),
            Self::NoMac => f.write_str("the monitor gives it no hardware address; hint: `mac=` in its options"),
            Self::Mtu(mtu) => write!(f, "the monitor says that its frames have at most {mtu} bytes; 68 are the least"),
        }
    }
}

// What is logged of it, too: one text, and no second formatting.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

impl embedded_io_async::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self.problem {
            Problem::NoMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Other,
        }
    }
}
