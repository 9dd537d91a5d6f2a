//! The power button and the way to switch off, as ACPI's tables tell of them (ACPI 6.5, sections 5.2 and 4.8).
//!
//! The tables are the monitor's: what makes no sense is no button. No byte code is run, so that of a machine whose
//! button is told of by byte code alone, QEMU's `microvm` is the only one known, by the address of its registers.

use crate::acpi::{self, Memory};

/// Bits of the event register, and of the control register: there is a button; it goes to sleep.
const BUTTON: u32 = 1 << 8;
const SLEEP: u32 = 1 << 13;
/// The sleep that is off, as QEMU numbers it.
const OFF: u32 = 0;
/// A flag of the fixed table: it has no such registers.
const REDUCED: u32 = 1 << 20;
/// What goes to the register of sleep that there is instead: its bit that begins it, and the sleep that is off, as Cloud
/// Hypervisor numbers it; and the address space it is in where it is a port.
const SLEEP_REDUCED: u32 = 1 << 5 | 5 << 2;
const PORTS: u8 = 1;

/// Where QEMU's `microvm` has the register to fall asleep by, the one that says what has happened, the bit in it that is
/// the button, and its interrupt.
const MICROVM_SLEEP: u64 = 0xfea0_0200;
const MICROVM_EVENTS: u64 = 0xfea0_0000;
const MICROVM_BUTTON: u32 = 1 << 1;
const MICROVM_LINE: u8 = 9;

/// What a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Registers of ports.
    Ports {
        /// What has happened, 16 bits; behind it what is to interrupt.
        event: u16,
        /// Where sleep begins.
        control: u16,
        /// What turns this on, a port and a byte; a port of 0: it is on.
        enable: (u16, u8),
        /// The interrupt.
        line: u8,
    },
    /// One register of memory that says what has happened.
    Memory {
        /// Where.
        event: u64,
        /// The interrupt.
        line: u8,
    },
    /// A key of the keyboard stands for it: Firecracker's machines have no other, and no tables that tell of one.
    Keyboard,
    /// No button, but a port where sleep begins.
    Sleep {
        /// Which one.
        port: u16,
    },
}

impl Power {
    /// What the tables say whose root is at `root`.
    pub fn find(root: u64, see: &mut impl Memory) -> Option<Self> {
        let (place, length) = acpi::table(root, b"FACP", see)?;
        let mut table = [0; 256];
        let table = table.get_mut(..length.min(256))?;
        see(place, table).then_some(())?;
        let byte = |at: usize| table.get(at).copied();
        let short = |at: usize| Some(u16::from_le_bytes([byte(at)?, byte(at + 1)?]));
        let word = |at: usize| Some(u32::from(short(at)?) | u32::from(short(at + 2)?) << 16);
        if word(112).unwrap_or(0) & REDUCED != 0 {
            let sleep = u64::from(word(248)?) | u64::from(word(252)?) << 32;
            return match (sleep, u16::try_from(sleep)) {
                (MICROVM_SLEEP, _) => Some(Self::Memory { event: MICROVM_EVENTS, line: MICROVM_LINE }),
                (_, Ok(port)) if port != 0 && byte(244) == Some(PORTS) => Some(Self::Sleep { port }),
                _ => None,
            };
        }
        let port = |at: usize| word(at).and_then(|port| u16::try_from(port).ok());
        let (event, control) = (port(56).filter(|&port| port != 0)?, port(64).filter(|&port| port != 0)?);
        let line = u8::try_from(short(46)?).ok().filter(|&line| line < 24)?;
        Some(Self::Ports { event, control, enable: (port(48)?, byte(52)?), line })
    }

    /// The bit of what an event register says that is the button.
    pub fn button(self) -> u32 {
        match self {
            Self::Ports { .. } => BUTTON,
            Self::Memory { .. } => MICROVM_BUTTON,
            Self::Keyboard | Self::Sleep { .. } => 0,
        }
    }

    /// A port and a value that switch the machine off, if a port does.
    pub fn off(self) -> Option<(u16, u32)> {
        match self {
            Self::Ports { control, .. } => Some((control, SLEEP | OFF << 10)),
            Self::Sleep { port } => Some((port, SLEEP_REDUCED)),
            Self::Memory { .. } | Self::Keyboard => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// A root, a list and a fixed table as QEMU's `pc` has them, at 0x100, 0x200 and 0x300.
    fn tables() -> Vec<u8> {
        let mut memory = vec![0; 0x500];
        let mut put = |at: usize, bytes: &[u8]| memory[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x100, b"RSD PTR ");
        put(0x110, &0x200_u32.to_le_bytes());
        put(0x200, b"RSDT");
        put(0x204, &44_u32.to_le_bytes());
        put(0x224, &0x480_u32.to_le_bytes());
        put(0x228, &0x300_u32.to_le_bytes());
        put(0x480, b"APIC");
        put(0x300, b"FACP");
        put(0x304, &116_u32.to_le_bytes());
        put(0x300 + 46, &9_u16.to_le_bytes());
        put(0x300 + 48, &0xb2_u32.to_le_bytes());
        put(0x300 + 52, &[0xf1]);
        put(0x300 + 56, &0x600_u32.to_le_bytes());
        put(0x300 + 64, &0x604_u32.to_le_bytes());
        memory
    }

    fn see(memory: &[u8]) -> impl Memory {
        |address, into: &mut [u8]| {
            let there = usize::try_from(address).ok().and_then(|at| memory.get(at..)?.get(..into.len()));
            there.map(|bytes| into.copy_from_slice(bytes)).is_some()
        }
    }

    fn find(memory: &[u8], root: u64) -> Option<Power> {
        Power::find(root, &mut see(memory))
    }

    #[test]
    fn interrupt_controllers_are_counted() {
        let mut memory = tables();
        assert_eq!(acpi::controllers(0x100, &mut see(&memory)), 1, "none is named");
        // A processor and two controllers.
        memory[0x484] = 36 + 8 + 8 + 12 + 12;
        memory[0x480 + 44..0x480 + 46].copy_from_slice(&[0, 8]);
        memory[0x480 + 52..0x480 + 54].copy_from_slice(&[1, 12]);
        memory[0x480 + 64..0x480 + 66].copy_from_slice(&[1, 12]);
        assert_eq!(acpi::controllers(0x100, &mut see(&memory)), 2);
        assert_eq!(acpi::controllers(0, &mut see(&memory)), 1);
    }

    #[test]
    fn a_button_of_ports_is_found() {
        let power = find(&tables(), 0x100);
        assert_eq!(power, Some(Power::Ports { event: 0x600, control: 0x604, enable: (0xb2, 0xf1), line: 9 }));
        assert_eq!(power.and_then(Power::off), Some((0x604, 0x2000)));
    }

    #[test]
    fn the_microvms_is_known_by_its_address() {
        let mut memory = tables();
        memory[0x304..0x308].copy_from_slice(&268_u32.to_le_bytes());
        memory[0x300 + 112..0x300 + 116].copy_from_slice(&REDUCED.to_le_bytes());
        assert_eq!(find(&memory, 0x100), None);
        memory[0x300 + 248..0x300 + 256].copy_from_slice(&MICROVM_SLEEP.to_le_bytes());
        assert_eq!(find(&memory, 0x100), Some(Power::Memory { event: MICROVM_EVENTS, line: 9 }));
    }

    #[test]
    fn a_port_to_sleep_by_is_found_without_a_button() {
        let mut memory = tables();
        memory[0x304..0x308].copy_from_slice(&276_u32.to_le_bytes());
        memory[0x300 + 112..0x300 + 116].copy_from_slice(&REDUCED.to_le_bytes());
        memory[0x300 + 248..0x300 + 252].copy_from_slice(&0x600_u32.to_le_bytes());
        assert_eq!(find(&memory, 0x100), None, "it is an address of memory");
        memory[0x300 + 244] = PORTS;
        let power = find(&memory, 0x100);
        assert_eq!(power, Some(Power::Sleep { port: 0x600 }));
        assert_eq!(power.and_then(Power::off), Some((0x600, 0x34)));
    }

    #[test]
    fn no_tables_are_too_odd() {
        assert_eq!(find(&tables(), 0), None);
        assert_eq!(find(&tables(), 0x101), None);
        // Each byte once as everything else could have it.
        for at in 0..tables().len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut memory = tables();
                memory[at] = value;
                _ = find(&memory, 0x100);
                _ = acpi::controllers(0x100, &mut see(&memory));
            }
        }
    }
}
