//! What the drivers want of the machine they run on.

use core::task::{Context, Poll};

use super::memory::Memory;

/// A page, in bytes: what [`Machine::dma`] counts in.
pub const PAGE: usize = 4096;

/// A machine with virtio devices. A handle: clones are the same machine.
pub trait Machine: Clone + 'static {
    /// A range of device registers.
    type Registers: Registers;

    /// What a device raises.
    type Interrupt: Interrupt;

    /// Memory to share with a device: zeroed, aligned to a page, contiguous for the device, `pages` × [`PAGE`] bytes. It
    /// is given for good. `None` when there is none left.
    fn dma(&self, pages: usize) -> Option<Memory>;

    /// The same, for what would go faster with it and goes without: `None` as well when memory is scarce.
    fn spare(&self, pages: usize) -> Option<Memory> {
        let _ = pages;
        None
    }

    /// Device registers of `length` bytes at a physical address, uncached. `None` where no registers can be: in the
    /// machine's memory above all, for where registers are is what a monitor says.
    fn map(&self, address: u64, length: usize) -> Option<Self::Registers>;

    /// Reads four bytes from an I/O port.
    fn read_port(&self, port: u16) -> u32;

    /// Writes four bytes to an I/O port.
    fn write_port(&self, port: u16, value: u32);

    /// How many interrupt lines there are: the pins of all I/O APICs.
    fn lines(&self) -> u32;

    /// The interrupt of a line (global system interrupt). `None` where there is no such line or nothing can take it.
    fn line(&self, line: u32, trigger: Trigger) -> Option<Self::Interrupt>;

    /// An interrupt of its own, raised by a message a device writes. `None` when there are none left.
    fn message(&self) -> Option<(Self::Interrupt, Message)>;
}

/// How a line tells that a device wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// It rises; and falls when the driver has acknowledged. Each rise is one interrupt.
    Edge,
    /// It is low for as long as there is something, for any of the devices that share it. The machine listens to it
    /// again once those who waited for it have had their turn.
    LowLevel,
}

/// What a device writes to raise an interrupt (MSI-X).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where, as the device sees it.
    pub address: u64,
    /// What.
    pub data: u32,
}

/// An interrupt.
pub trait Interrupt: 'static {
    /// Ready, once, when it has been raised since it was last asked; else every task that asked is woken when it is.
    fn poll_raised(&self, context: &mut Context<'_>) -> Poll<()>;
}

/// A range of device registers, little-endian, in bytes from its beginning. One outside of it, or one that is not
/// aligned to its size, reads as all ones and is not written.
pub trait Registers: 'static {
    /// How many bytes it has.
    fn length(&self) -> usize;

    /// Reads one byte.
    fn read8(&self, offset: usize) -> u8;

    /// Reads two bytes.
    fn read16(&self, offset: usize) -> u16;

    /// Reads four bytes.
    fn read32(&self, offset: usize) -> u32;

    /// Writes one byte.
    fn write8(&self, offset: usize, value: u8);

    /// Writes two bytes.
    fn write16(&self, offset: usize, value: u16);

    /// Writes four bytes.
    fn write32(&self, offset: usize, value: u32);
}
