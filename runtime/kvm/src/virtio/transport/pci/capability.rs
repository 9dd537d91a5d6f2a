//! A function's capabilities: a list in its configuration space, which a monitor may have made anything.

use super::super::super::machine::Machine;
use super::bus::{Bus, CAPABILITIES, COMMAND, Function};

/// The capability of a vendor: virtio's structures.
const VENDOR: u8 = 0x09;

/// The capability of interrupts by messages (MSI-X).
const MSIX: u8 = 0x11;

/// The status register says that there is a list.
const HAS_LIST: u32 = 1 << 20;

/// More capabilities than fit into 256 bytes behind a header are a list in a circle.
const MOST: usize = (256 - 64) / 4;

/// A structure of virtio's, which lies in the range of a base address register (section 4.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Where its capability is: some have more to say.
    pub at: u8,
    /// Which base address register.
    pub bar: u8,
    /// Where in its range, in bytes.
    pub offset: u32,
    /// How many bytes.
    pub length: u32,
}

/// Where the interrupts of a function are set (PCI 3.0, 6.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Msix {
    /// Where its capability is.
    pub at: u8,
    /// How many there are.
    pub count: u16,
    /// Which base address register the table is in the range of.
    pub bar: u8,
    /// Where in it.
    pub offset: u32,
}

/// What of a function's capabilities matters here: the first of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What all devices have.
    pub common: Option<Structure>,
    /// Where a device is told.
    pub notify: Option<Structure>,
    /// Why it raised its interrupt line.
    pub isr: Option<Structure>,
    /// What this kind of device has.
    pub device: Option<Structure>,
    /// Interrupts by messages.
    pub msix: Option<Msix>,
}

impl Capabilities {
    /// Walks the list of a function.
    pub fn read<M: Machine>(bus: &Bus<'_, M>, function: Function) -> Self {
        let mut found = Self::default();
        if bus.read(function, COMMAND) & HAS_LIST == 0 {
            return found;
        }
        let mut at = bus.read(function, CAPABILITIES) as u8 & 0xfc;
        for _ in 0..MOST {
            // Below 64 is the header.
            if at < 0x40 {
                break;
            }
            let [id, next, length, kind] = bus.read(function, at).to_le_bytes();
            match id {
                VENDOR => found.structure(bus, function, at, length, kind),
                MSIX if found.msix.is_none() && at <= 0xf8 => {
                    let count = (u16::from_le_bytes([length, kind]) & 0x7ff) + 1;
                    let table = bus.read(function, at + 4);
                    found.msix = Some(Msix { at, count, bar: (table & 7) as u8, offset: table & !7 });
                }
                _ => {}
            }
            at = next & 0xfc;
        }
        found
    }

    fn structure<M: Machine>(&mut self, bus: &Bus<'_, M>, function: Function, at: u8, length: u8, kind: u8) {
        // It says itself how long it is, and cannot end behind configuration space.
        if length < 16 || at > 0xf0 {
            return;
        }
        let place = match kind {
            1 => &mut self.common,
            2 if length >= 20 && at <= 0xec => &mut self.notify,
            3 => &mut self.isr,
            4 => &mut self.device,
            _ => return,
        };
        // The first that can be used is the one to use (section 4.1.4.1).
        let bar = bus.read(function, at + 4) as u8;
        if place.is_none() && bus.base(function, bar).is_some() {
            let (offset, length) = (bus.read(function, at + 8), bus.read(function, at + 12));
            *place = Some(Structure { at, bar, offset, length });
        }
    }
}

/// Registers of the machine, in the range of a base address register. `None` where they cannot be.
pub fn map<M: Machine>(bus: &Bus<'_, M>, function: Function, place: Structure) -> Option<M::Registers> {
    let base = bus.base(function, place.bar)?;
    let address = base.checked_add(u64::from(place.offset))?;
    address.checked_add(u64::from(place.length))?;
    bus.machine().map(address, usize::try_from(place.length).ok()?)
}
