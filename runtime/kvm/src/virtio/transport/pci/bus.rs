//! Configuration space, by the two I/O ports that every PC has (configuration mechanism #1 of PCI 2.0).

use super::super::super::machine::Machine;

const ADDRESS: u16 = 0xcf8;
const DATA: u16 = 0xcfc;
const ENABLE: u32 = 1 << 31;

/// The registers of configuration space, as each function has 256 bytes of them.
pub const VENDOR: u8 = 0x00;
/// The command register, and in the upper half the status.
pub const COMMAND: u8 = 0x04;
/// In its third byte, what kind of header this is.
pub const HEADER: u8 = 0x0c;
/// The first base address register.
pub const BASE: u8 = 0x10;
/// A bridge's buses: in the second byte, the one behind it.
pub const BUSES: u8 = 0x18;
/// The subsystem's vendor, and in the upper half its device.
pub const SUBSYSTEM: u8 = 0x2c;
/// Where the list of capabilities begins.
pub const CAPABILITIES: u8 = 0x34;
/// The interrupt line, as the firmware routed it.
pub const INTERRUPT: u8 = 0x3c;

/// A function of a device on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its bus.
    pub bus: u8,
    /// Its device, 0 to 31.
    pub device: u8,
    /// Which of its device's functions it is, 0 to 7.
    pub function: u8,
}

impl Function {
    fn address(self, register: u8) -> u32 {
        let Self { bus, device, function } = self;
        let place = u32::from(bus) << 16 | u32::from(device & 31) << 11 | u32::from(function & 7) << 8;
        ENABLE | place | u32::from(register & 0xfc)
    }
}

/// The bus of a machine.
pub struct Bus<'m, M>(&'m M);

impl<'m, M: Machine> Bus<'m, M> {
    /// The bus, if the machine has one: the address register then reads as it was written.
    pub fn new(machine: &'m M) -> Option<Self> {
        machine.write_port(ADDRESS, ENABLE);
        (machine.read_port(ADDRESS) == ENABLE).then_some(Self(machine))
    }

    /// The machine.
    pub fn machine(&self) -> &'m M {
        self.0
    }

    /// Reads four bytes of configuration space; where there is nothing, all ones.
    #[inline(never)] // a start asks for much, once
    pub fn read(&self, function: Function, register: u8) -> u32 {
        self.0.write_port(ADDRESS, function.address(register));
        self.0.read_port(DATA)
    }

    /// Writes four bytes of configuration space.
    pub fn write(&self, function: Function, register: u8, value: u32) {
        self.0.write_port(ADDRESS, function.address(register));
        self.0.write_port(DATA, value);
    }

    /// Hands every function that there is to `found`, with its first register (vendor and device): on bus 0 and on those
    /// behind bridges, each once.
    pub fn scan(&self, mut found: impl FnMut(&Self, Function, u32)) {
        let (mut seen, mut waiting) = ([false; 256], [false; 256]);
        waiting[0] = true;
        while let Some(bus) = (0..=u8::MAX).find(|&bus| waiting[usize::from(bus)] && !seen[usize::from(bus)]) {
            seen[usize::from(bus)] = true;
            for device in 0..32 {
                for function in 0..8 {
                    let function = Function { bus, device, function };
                    let vendor = self.read(function, VENDOR);
                    if vendor as u16 == u16::MAX {
                        if function.function == 0 {
                            break;
                        }
                        continue;
                    }
                    found(self, function, vendor);
                    let header = (self.read(function, HEADER) >> 16) as u8;
                    if header & 0x7f == 1 {
                        let [_, behind, ..] = self.read(function, BUSES).to_le_bytes();
                        waiting[usize::from(behind)] = true;
                    }
                    // Only what says so in its first function has more.
                    if function.function == 0 && header & 0x80 == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// What a base address register (0 to 5) says: the physical address of what it is for. `None` for I/O ports, and
    /// where no address was given.
    pub fn base(&self, function: Function, which: u8) -> Option<u64> {
        if which > 5 {
            return None;
        }
        let low = self.read(function, BASE + 4 * which);
        let high = match low & 0b111 {
            0b000 => 0,
            0b100 if which < 5 => self.read(function, BASE + 4 * which + 4),
            _ => return None,
        };
        Some(u64::from(low & !0xf) | u64::from(high) << 32).filter(|&address| address != 0)
    }
}
