//! The ports of a PC that a unikernel uses, and the ranges the shim is told to let it have.

/// The first serial port: a 16550A.
pub const SERIAL: u16 = 0x3f8;
/// The first counter of the interval timer, and where it is told what to do.
pub const TIMER: u16 = 0x40;
/// See [`TIMER`].
pub const TIMER_MODE: u16 = 0x43;
/// The clock with a battery: which register, and the register.
pub const CMOS: u16 = 0x70;
/// PCI configuration space: which register, and the register.
pub const PCI: u16 = 0xcf8;
/// See [`PCI`].
pub const PCI_VALUE: u16 = PCI + 4;

/// First port and count of each range.
pub const RANGES: [[u16; 2]; 4] = [[SERIAL, 8], [TIMER, 4], [CMOS, 2], [PCI, 8]];
