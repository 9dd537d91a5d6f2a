//! What the hypervisor tells of the machine: `struct hvm_start_info` of the PVH boot protocol (Xen,
//! xen/include/public/arch-x86/hvm/start_info.h), copied away before its place is used for anything else.

use core::ptr;

/// Ranges of memory that are kept; a machine has fewer than ten.
const RANGES: usize = 32;
/// The longest command line, in bytes.
const LINE: usize = 4096;

/// `0x336ec578`: "xEn3" with the first bit set.
const MAGIC: u32 = 0x336e_c578;
/// The type of a range that is memory.
const MEMORY: u32 = 1;

/// The machine as it was found.
pub struct Boot {
    line: [u8; LINE],
    line_length: usize,
    /// Whether the command line was longer than there is room for.
    line_cut: bool,
    memory: [Range; RANGES],
    ranges: usize,
    /// Where the root of the ACPI tables is, if anybody has said; a physical address.
    pub rsdp: u64,
}

/// A range of physical memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    modules: u32,
    module_list: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_entries: u32,
    _reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct MemoryEntry {
    address: u64,
    size: u64,
    kind: u32,
    _reserved: u32,
}

impl Boot {
    /// Nothing known yet.
    pub(crate) const fn new() -> Self {
        let memory = [Range { from: 0, to: 0 }; RANGES];
        Self { line: [0; LINE], line_length: 0, line_cut: false, memory, ranges: 0, rsdp: 0 }
    }

    /// Takes over what stands at the physical address `start`; false if it is not what the protocol says.
    ///
    /// # Safety
    /// The hypervisor must have given `start`, and memory must be seen one to one as far as what it points to.
    pub(crate) unsafe fn read(&mut self, start: u64, seen: u64) -> bool {
        let within = |address: u64, length: u64| address != 0 && address.saturating_add(length) <= seen;
        if !within(start, size_of::<StartInfo>() as u64) {
            return false;
        }
        // SAFETY: the caller's; it lies in what is seen.
        let info = unsafe { ptr::read_unaligned(start as *const StartInfo) };
        let map = u64::from(info.memory_entries) * size_of::<MemoryEntry>() as u64;
        if info.magic != MAGIC || info.version < 1 || !within(info.memory_map, map) {
            return false;
        }
        self.rsdp = info.rsdp;
        for index in 0..u64::from(info.memory_entries) {
            let place = info.memory_map + index * size_of::<MemoryEntry>() as u64;
            // SAFETY: the caller's; it lies in what is seen.
            let entry = unsafe { ptr::read_unaligned(place as *const MemoryEntry) };
            let range = Range { from: entry.address, to: entry.address.saturating_add(entry.size) };
            if entry.kind == MEMORY && self.ranges < RANGES {
                self.memory[self.ranges] = range;
                self.ranges += 1;
            }
        }
        if info.command_line != 0 {
            self.line_cut = true;
            for index in 0..LINE as u64 {
                if !within(info.command_line + index, 1) {
                    break;
                }
                // SAFETY: the caller's; it lies in what is seen.
                let byte = unsafe { ptr::read((info.command_line + index) as *const u8) };
                if byte == 0 {
                    self.line_cut = false;
                    break;
                }
                self.line[index as usize] = byte;
                self.line_length = index as usize + 1;
            }
        }
        true
    }

    /// The kernel command line; none if it is longer than 4,095 bytes or not UTF-8.
    pub fn command_line(&self) -> Option<&str> {
        let line = self.line.get(..self.line_length).filter(|_| !self.line_cut)?;
        core::str::from_utf8(line).ok()
    }

    /// The ranges that are memory.
    pub fn memory(&self) -> &[Range] {
        self.memory.get(..self.ranges).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(line: &[u8], entries: &[MemoryEntry]) -> StartInfo {
        StartInfo {
            magic: MAGIC,
            version: 1,
            flags: 0,
            modules: 0,
            module_list: 0,
            command_line: line.as_ptr() as u64,
            rsdp: 7,
            memory_map: entries.as_ptr() as u64,
            memory_entries: entries.len() as u32,
            _reserved: 0,
        }
    }

    fn read(info: &StartInfo) -> Option<Boot> {
        let mut boot = Boot::new();
        // SAFETY: all of it is memory of this process.
        unsafe { boot.read(ptr::from_ref(info) as u64, u64::MAX) }.then_some(boot)
    }

    #[test]
    fn memory_and_the_command_line_are_taken_over() {
        let entry = |address, size, kind| MemoryEntry { address, size, kind, _reserved: 0 };
        let entries = [entry(0, 0x9_f000, 1), entry(0xf_0000, 0x1_0000, 2), entry(0x10_0000, 0x70_0000, 1)];
        let boot = read(&info(b"-- --port 80\0", &entries)).expect("it is well formed");
        assert_eq!(boot.command_line(), Some("-- --port 80"));
        let memory = [Range { from: 0, to: 0x9_f000 }, Range { from: 0x10_0000, to: 0x80_0000 }];
        assert_eq!(boot.memory(), memory);
        assert_eq!(boot.rsdp, 7);
    }

    #[test]
    fn what_is_no_start_info_is_refused() {
        let good = info(b"\0", &[]);
        assert!(read(&StartInfo { magic: 0, ..good }).is_none());
        assert!(read(&StartInfo { version: 0, ..good }).is_none(), "it has no memory map");
        // SAFETY: nothing is read.
        assert!(!unsafe { Boot::new().read(0, u64::MAX) });
    }

    #[test]
    fn a_line_too_long_is_no_line() {
        let long = [b'a'; LINE + 1];
        assert_eq!(read(&info(&long, &[])).expect("but for the line").command_line(), None);
        assert_eq!(read(&info(b"\xff\0", &[])).expect("but for the line").command_line(), None);
    }
}
