//! Which virtio devices a machine has, and where.
//!
//! The kernel's command line says so where there is neither ACPI nor PCI (Firecracker, and QEMU's microvm with ACPI
//! off); else the PCI bus is asked, where there is one; else there may be the slots of QEMU's microvm.

use alloc::vec::Vec;
use core::fmt;

use super::machine::{Machine, Registers};
use super::transport::MAGIC;
use super::transport::pci::Function;
use super::transport::pci::bus::{Bus, SUBSYSTEM};

/// What a word of the command line that names a device begins with.
const WORD: &str = "virtio_mmio.device=";

/// Where the slots of QEMU's microvm are, and how far apart.
const SLOTS: u64 = 0xfeb0_0000;
const SLOT: usize = 0x200;

/// The pins of one I/O APIC. With two, the slots are wired to the second's, one each; with one, to its upper eight.
const PINS: u32 = 24;

/// PCI's number for the vendor, and for devices: those of virtio 1.0 by their kind, and those before it.
const VENDOR: u16 = 0x1af4;
const MODERN: core::ops::Range<u16> = 0x1040..0x1080;
const TRANSITIONAL: core::ops::Range<u16> = 0x1000..0x1040;

/// What kind of device one is (virtio 1.2 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u32);

impl Kind {
    /// A network interface.
    pub const NETWORK: Self = Self(1);
    /// A block device.
    pub const BLOCK: Self = Self(2);
    /// A console.
    pub const CONSOLE: Self = Self(3);
    /// A source of random numbers.
    pub const ENTROPY: Self = Self(4);

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::NETWORK => "virtio-net",
            Self::BLOCK => "virtio-blk",
            Self::CONSOLE => "virtio-console",
            Self::ENTROPY => "virtio-rng",
            _ => "virtio device",
        }
    }
}

/// Where a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Registers in memory, and the interrupt line.
    Mmio {
        /// The physical address.
        address: u64,
        /// How many bytes there are.
        length: usize,
        /// The line (global system interrupt).
        line: u32,
    },
    /// On the PCI bus.
    Pci(Function),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Mmio { address, .. } => write!(f, " at {address:#x}"),
            Self::Pci(Function { bus, device, function }) => write!(f, " at PCI {bus:02x}:{device:02x}.{function}"),
        }
    }
}

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub place: Place,
}

/// A word of the command line that names a device and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable<'w>(&'w str);

impl fmt::Display for Unreadable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no device; hint: it is `{WORD}SIZE@ADDRESS:IRQ`, as in `{WORD}4K@0xd0000000:5`", self.0)
    }
}

impl core::error::Error for Unreadable<'_> {}

/// Whether a word of the command line is the machine's, rather than an argument of the unikernel.
pub fn is_word(word: &str) -> bool {
    word.starts_with(WORD)
}

/// Every device of a machine, in the order in which its monitor was told of them. `command_line` is the kernel's.
///
/// # Errors
/// When a word of the command line begins like a device and is none.
pub fn find<'w, M: Machine>(machine: &M, command_line: &'w str) -> Result<Vec<Found>, Unreadable<'w>> {
    let mut found = Vec::new();
    let mut named = false;
    for word in command_line.split_ascii_whitespace() {
        if let Some(device) = word.strip_prefix(WORD) {
            named = true;
            let place = parse(device).filter(|place| is_line(machine, place)).ok_or(Unreadable(word))?;
            if let Place::Mmio { address, length, .. } = place
                && let Some(kind) = machine.map(address, length).and_then(|registers| kind(&registers, 0))
            {
                found.push(Found { kind, place });
            }
        }
    }
    if named {
        // Firecracker's are in the order of its devices; QEMU's are slots, the last first.
        in_order(machine, &mut found);
        return Ok(found);
    }
    match Bus::new(machine) {
        Some(bus) => bus.scan(|bus, function, id| {
            let (vendor, device) = (id as u16, (id >> 16) as u16);
            let kind = match device {
                _ if vendor != VENDOR => return,
                device if MODERN.contains(&device) => Kind(u32::from(device - MODERN.start)),
                // What was before virtio 1.0 has its kind elsewhere, and may have what came with 1.0 as well.
                device if TRANSITIONAL.contains(&device) => Kind(bus.read(function, SUBSYSTEM) >> 16),
                _ => return,
            };
            found.push(Found { kind, place: Place::Pci(function) });
        }),
        None => slots(machine, &mut found),
    }
    Ok(found)
}

/// How many slots QEMU's microvm has, and the line of the first.
fn slot_count<M: Machine>(machine: &M) -> (u32, u32) {
    if machine.lines() > PINS { (24, PINS) } else { (8, PINS - 8) }
}

/// Looks into the slots of QEMU's microvm, the last first.
fn slots<M: Machine>(machine: &M, found: &mut Vec<Found>) {
    let (count, first_line) = slot_count(machine);
    let Some(registers) = machine.map(SLOTS, count as usize * SLOT) else { return };
    for slot in (0..count).rev() {
        let offset = slot as usize * SLOT;
        if let Some(kind) = kind(&registers, offset) {
            let place = Place::Mmio { address: SLOTS + offset as u64, length: SLOT, line: first_line + slot };
            found.push(Found { kind, place });
        }
    }
    in_order(machine, found);
}

/// Puts devices in slots, the last first, into the order in which QEMU was told of them: by itself it fills slots from
/// the last on; where the last is empty, somebody chose slots, and counted from the first on.
fn in_order<M: Machine>(machine: &M, found: &mut [Found]) {
    let (count, _) = slot_count(machine);
    let slots = SLOTS..SLOTS + u64::from(count) * SLOT as u64;
    let address = |found: &Found| match found.place {
        Place::Mmio { address, .. } => address,
        Place::Pci(_) => 0,
    };
    let last = slots.end - SLOT as u64;
    if found.iter().map(address).all(|address| slots.contains(&address) && address != last) {
        found.reverse();
    }
}

/// What is behind registers; an empty slot says 0.
fn kind(registers: &impl Registers, offset: usize) -> Option<Kind> {
    let is_virtio = registers.read32(offset) == MAGIC;
    is_virtio.then(|| Kind(registers.read32(offset + 8))).filter(|kind| kind.0 != 0)
}

/// Reads `SIZE@ADDRESS:IRQ` and perhaps `:ID`, which nothing is done with.
fn parse(word: &str) -> Option<Place> {
    let (length, rest) = word.split_once('@')?;
    let mut rest = rest.split(':');
    let (address, line) = (number(rest.next()?)?, number(rest.next()?)?);
    if let Some(id) = rest.next() {
        number(id)?;
    }
    if rest.next().is_some() {
        return None;
    }
    let (digits, shift) = match length.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 10),
        None => match length.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 20),
            None => (length, 0),
        },
    };
    // Registers have a beginning of 256 bytes, and nobody has 16 MiB of them.
    let length = number(digits)?.checked_mul(1 << shift).filter(|length| (0x100..=1 << 24).contains(length))?;
    address.checked_add(length)?;
    let (length, line) = (usize::try_from(length).ok()?, u32::try_from(line).ok()?);
    address.is_multiple_of(4).then_some(Place::Mmio { address, length, line })
}

/// A number, in hexadecimal behind `0x`, else in decimal; nothing but digits.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
}

fn is_line<M: Machine>(machine: &M, place: &Place) -> bool {
    matches!(place, Place::Mmio { line, .. } if *line < machine.lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_size_address_and_line() {
        let place = |address, length, line| Some(Place::Mmio { address, length, line });
        assert_eq!(parse("512@0xfeb00e00:12"), place(0xfeb0_0e00, 512, 12));
        assert_eq!(parse("4K@0xd0000000:5"), place(0xd000_0000, 4096, 5));
        assert_eq!(parse("0x1k@3221225472:40:7"), place(0xc000_0000, 1024, 40));
    }

    #[test]
    fn what_is_no_device_is_refused() {
        for wrong in [
            "",
            "512",
            "512@",
            "512@0xd0000000",
            "512@0xd0000000:",
            "@0xd0000000:5",
            "K@0xd0000000:5",
            "512@0x:5",
            "512@0xd0000000:5:",
            "512@0xd0000000:5:0:0",
            "512@0xd0000000:+5",
            "512@0xd0000000:5 ",
            "512@0xd0000001:5",
            "255@0xd0000000:5",
            "32M@0xd0000000:5",
            "512@0xfffffffffffffff0:5",
            "512@0x1ffffffffffffffff:5",
            "18014398509481984K@0xd0000000:5",
            "4K@0xd0000000:4294967296",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
