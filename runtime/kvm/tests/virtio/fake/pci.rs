//! The PCI bus: configuration space, and where in a function's memory what is.

use super::device::Device;

/// How many bytes of memory a function has, and where its device's registers begin as the device counts.
pub const WINDOW: u64 = 0x1_0000;
pub const REGISTERS: u64 = 0x10_0000;

// Where in it what is.
pub const ISR: u64 = 0x1000;
pub const DEVICE: u64 = 0x2000;
pub const NOTIFY: u64 = 0x3000;
pub const TABLE: u64 = 0x4000;

/// How far apart the places are where the device is told of a queue.
pub const MULTIPLIER: u32 = 4;

/// A function.
pub struct Function {
    /// Its bus, device and function.
    pub place: (u8, u8, u8),
    pub space: [u8; 256],
    pub virtio: Device,
    pub line: u8,
    /// Its configuration space is not what it seems: anything may be written anywhere.
    pub is_odd: bool,
}

impl Function {
    /// A function with the capabilities a virtio device has, in a list that begins at 0x40.
    pub fn new(place: (u8, u8, u8), kind: u16, base: u64, line: u8, virtio: &Device) -> Self {
        let mut space = [0; 256];
        space[0..2].copy_from_slice(&0x1af4_u16.to_le_bytes());
        space[2..4].copy_from_slice(&(0x1040 + kind).to_le_bytes());
        space[6] = 0x10;
        space[0x34] = 0x40;
        // An I/O port, which is not for these, and the memory, in 64 bits.
        space[0x10] = 0x01;
        space[0x20..0x24].copy_from_slice(&(base as u32 | 0b1100).to_le_bytes());
        space[0x24..0x28].copy_from_slice(&((base >> 32) as u32).to_le_bytes());
        space[0x3c..0x3e].copy_from_slice(&[line, 1]);
        let mut at = 0x40;
        for (kind, bar, offset, length) in [
            // One that cannot be used comes first.
            (1, 0, 0, 0x38),
            (1, 4, 0, 0x38),
            (3, 4, ISR, 1),
            (4, 4, DEVICE, 0x20),
            (5, 0, 0, 0),
            (2, 4, NOTIFY, 0x1000),
        ] {
            let size = if kind == 2 { 20 } else { 16 };
            space[at..at + 5].copy_from_slice(&[0x09, (at + size) as u8, size as u8, kind, bar]);
            space[at + 8..at + 12].copy_from_slice(&(offset as u32).to_le_bytes());
            space[at + 12..at + 16].copy_from_slice(&(length as u32).to_le_bytes());
            if kind == 2 {
                space[at + 16..at + 20].copy_from_slice(&MULTIPLIER.to_le_bytes());
            }
            at += size;
        }
        space[at..at + 4].copy_from_slice(&[0x11, 0, 2, 0]);
        space[at + 4..at + 8].copy_from_slice(&(TABLE as u32 | 4).to_le_bytes());
        Self { place, space, virtio: virtio.clone(), line, is_odd: false }
    }

    /// Whether its capabilities are as they were made.
    pub fn has_list(&self) -> bool {
        self.messages().is_some()
    }

    /// It has no interrupts by messages.
    pub fn without_messages(mut self) -> Self {
        let at = self.messages().expect("it has some");
        self.space[at] = 0x05;
        self
    }

    fn messages(&self) -> Option<usize> {
        (0x40..=0xfc).step_by(4).find(|&at| self.space[at] == 0x11)
    }

    /// Whether it raises interrupts by messages.
    pub fn has_messages(&self) -> bool {
        self.messages().is_some_and(|at| self.space[at + 3] & 0xc0 == 0x80)
    }

    fn base(&self) -> u64 {
        u64::from_le_bytes(self.space[0x20..0x28].try_into().expect("eight bytes")) & !0xf
    }

    /// Where its memory is.
    pub fn windows(&self) -> impl Iterator<Item = u64> {
        [self.base()].into_iter()
    }
}

/// The function an address is for, and where in its configuration space.
fn find(functions: &[Function], address: u32) -> Option<(usize, usize)> {
    let [register, low, bus, high] = address.to_le_bytes();
    let place = (bus, low >> 3, low & 7);
    let found = functions.iter().position(|function| function.place == place);
    found.filter(|_| high & 0x80 != 0).map(|found| (found, usize::from(register & 0xfc)))
}

pub fn read(functions: &[Function], address: u32) -> u32 {
    find(functions, address).map_or(u32::MAX, |(function, at)| {
        u32::from_le_bytes(functions[function].space[at..at + 4].try_into().expect("four bytes"))
    })
}

pub fn write(functions: &mut [Function], address: u32, value: u32) {
    let Some((function, at)) = find(functions, address) else { return };
    let is_odd = functions[function].is_odd;
    let space = &mut functions[function].space;
    match at {
        _ if is_odd => space[at..at + 4].copy_from_slice(&value.to_le_bytes()),
        // The status is not written.
        4 => space[4..6].copy_from_slice(&value.to_le_bytes()[..2]),
        // Of MSI-X, whether it is on.
        at if space[at] == 0x11 => space[at + 3] = (value >> 24) as u8 & 0xc0 | space[at + 3] & 0x07,
        _ => panic!("{value:#x} is written to configuration space at {at:#x}"),
    }
}
