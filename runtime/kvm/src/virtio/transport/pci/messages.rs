//! Interrupts by messages (MSI-X; PCI 3.0, 6.8.2): one for the device's configuration and one for each queue, or fewer
//! where there are fewer to be had.

use alloc::vec::Vec;

use super::super::super::machine::{Machine, Registers as _};
use super::bus::{Bus, Function};
use super::capability::{Msix, Structure, map};

/// The length of an entry of the table: address, data, and whether it is masked.
const ENTRY: u32 = 16;

// The control word, in the upper half of the capability's first register.
const ENABLE: u32 = 1 << 31;
const MASK_ALL: u32 = 1 << 30;

/// No interrupt (virtio 1.2 section 4.1.5.1.2).
const NONE: u16 = 0xffff;

/// How a device's interrupts are shared out: entry 0 is the configuration's, those behind it the queues'; of a single
/// one, the queues', and the configuration has none.
pub struct Messages {
    count: u16,
}

impl Messages {
    /// Which entry the configuration's changes use.
    pub fn configuration(&self) -> u16 {
        if self.count > 1 { 0 } else { NONE }
    }

    /// Which entry a queue uses.
    pub fn queue(&self, queue: u16) -> u16 {
        if self.count > 1 { 1 + queue % (self.count - 1) } else { 0 }
    }

    /// Whether an entry is the configuration's.
    pub fn is_configuration(&self, entry: usize) -> bool {
        self.count > 1 && entry == 0
    }
}

/// Fills the table of a function; the interrupts are in the order of its entries. `None` when it cannot be had.
pub fn arm<M: Machine>(
    bus: &Bus<'_, M>,
    function: Function,
    msix: Msix,
    queues: u16,
) -> Option<(Messages, Vec<M::Interrupt>)> {
    let wanted = msix.count.min(queues.saturating_add(1));
    let length = u32::from(wanted) * ENTRY;
    let table = map(bus, function, Structure { at: msix.at, bar: msix.bar, offset: msix.offset, length })?;
    let control = bus.read(function, msix.at);
    bus.write(function, msix.at, control | ENABLE | MASK_ALL);
    let mut interrupts = Vec::new();
    for entry in 0..usize::from(wanted) {
        let Some((interrupt, message)) = bus.machine().message() else { break };
        let at = entry * ENTRY as usize;
        table.write32(at, message.address as u32);
        table.write32(at + 4, (message.address >> 32) as u32);
        table.write32(at + 8, message.data);
        table.write32(at + 12, 0);
        interrupts.push(interrupt);
    }
    let count = interrupts.len() as u16;
    let enabled = if count == 0 { control & !ENABLE } else { (control | ENABLE) & !MASK_ALL };
    bus.write(function, msix.at, enabled);
    (count > 0).then_some((Messages { count }, interrupts))
}
