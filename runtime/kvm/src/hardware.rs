//! What drivers are given of the machine: memory, registers, ports and interrupts, as the shim lets them be had.

use core::task::{Context, Poll};

use mirage_pvh::{Host as _, Pages, call};

use crate::machine::Kvm;
use crate::ports::{PCI, PCI_VALUE};
use crate::virtio;
use crate::virtio::machine::PAGE;
use crate::virtio::{Mapped, Memory, Message, Trigger};

/// Where an interrupt by message goes: the processor there is (Intel SDM volume 3, section 11.11).
const MESSAGES: u64 = 0xfee0_0000;
/// The pins of one interrupt controller.
const PINS: u32 = 24;
/// What stays free when a device is given more than it must have.
const RESERVE: usize = 1 << 20;

/// The machine, as drivers see it.
#[derive(Clone, Copy)]
pub struct Hardware(());

impl Hardware {
    /// The machine there is.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Default for Hardware {
    fn default() -> Self {
        Self::new()
    }
}

impl virtio::Machine for Hardware {
    type Registers = Mapped;
    type Interrupt = Interrupt;

    fn dma(&self, pages: usize) -> Option<Memory> {
        let Pages { pointer, address, length } = Pages::new(pages.checked_mul(PAGE)?)?;
        // SAFETY: zeroed pages of ours that are never freed; their address is that of the device.
        Some(unsafe { Memory::new(pointer, length, address) })
    }

    fn spare(&self, pages: usize) -> Option<Memory> {
        let scarce = mirage_pvh::usage().left / 4 < pages * PAGE + RESERVE;
        if scarce { None } else { self.dma(pages) }
    }

    fn map(&self, address: u64, length: usize) -> Option<Mapped> {
        let registers = mirage_pvh::Registers::map(address, length)?;
        // SAFETY: the shim maps no memory, and what is mapped stays.
        Some(unsafe { Mapped::new(registers.pointer, registers.length) })
    }

    fn read_port(&self, port: u16) -> u32 {
        if port == PCI || port == PCI_VALUE { call::port_in(port, 4) } else { u32::MAX }
    }

    fn write_port(&self, port: u16, value: u32) {
        if port == PCI || port == PCI_VALUE {
            call::port_out(port, 4, value);
        }
    }

    fn lines(&self) -> u32 {
        Kvm::get().controllers() * PINS
    }

    fn line(&self, line: u32, trigger: Trigger) -> Option<Interrupt> {
        Kvm::get().line(line, trigger == Trigger::LowLevel).map(Interrupt)
    }

    fn message(&self) -> Option<(Interrupt, Message)> {
        let interrupt = mirage_pvh::Interrupt::new()?;
        Some((Interrupt(interrupt), Message { address: MESSAGES, data: interrupt.vector().into() }))
    }
}

/// An interrupt of a device.
pub struct Interrupt(mirage_pvh::Interrupt);

impl virtio::Interrupt for Interrupt {
    fn poll_raised(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_raised(context)
    }
}
