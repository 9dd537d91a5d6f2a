//! The machine's memory as devices see it: what is not shared with them is not there.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::ptr::NonNull;

use mirage_kvm::virtio::Memory;
use mirage_kvm::virtio::machine::PAGE;

/// What is around each region, and must be there at the end.
const GUARD: usize = PAGE;
const CANARY: u8 = 0xc5;

struct Region {
    /// Where its guard begins.
    start: NonNull<u8>,
    length: usize,
    address: u64,
}

impl Region {
    fn layout(&self) -> Layout {
        Layout::from_size_align(self.length + 2 * GUARD, PAGE).expect("a layout")
    }
}

/// All memory that is shared with devices.
#[derive(Default)]
pub struct Ram(RefCell<Vec<Region>>);

impl Ram {
    /// More of it.
    pub fn share(&self, pages: usize) -> Memory {
        let mut regions = self.0.borrow_mut();
        // Regions are apart, so that one cannot be overrun into the next.
        let address = regions.last().map_or(0x10_0000, |last| last.address + last.length as u64 + 0x1_0000);
        let length = pages * PAGE;
        let mut region = Region { start: NonNull::dangling(), length, address };
        // SAFETY: its size is not 0; the guards and what is between them are in it.
        let inside = unsafe {
            region.start = NonNull::new(alloc_zeroed(region.layout())).expect("memory");
            region.start.write_bytes(CANARY, GUARD);
            region.start.add(GUARD + length).write_bytes(CANARY, GUARD);
            region.start.add(GUARD)
        };
        regions.push(region);
        // SAFETY: it is nobody else's but the fake device's, which uses it by `Ram`, and outlives the drivers: whoever
        // makes a machine drops it last.
        unsafe { Memory::new(inside, length, address) }
    }

    /// How much of it there is, in bytes.
    pub fn shared(&self) -> usize {
        self.0.borrow().iter().map(|region| region.length).sum()
    }

    fn place(&self, address: u64, length: usize) -> *mut u8 {
        let regions = self.0.borrow();
        let found = regions.iter().find_map(|region| {
            let offset = usize::try_from(address.checked_sub(region.address)?).ok()?;
            (offset.checked_add(length)? <= region.length).then_some((region, offset))
        });
        let (region, offset) = found.unwrap_or_else(|| panic!("{length} bytes at {address:#x} are not shared"));
        // SAFETY: it is inside.
        unsafe { region.start.add(GUARD + offset) }.as_ptr()
    }

    /// Whether all of that is shared.
    pub fn is_shared(&self, address: u64, length: usize) -> bool {
        self.0.borrow().iter().any(|region| {
            let end = region.address + region.length as u64;
            address >= region.address && address.checked_add(length as u64).is_some_and(|last| last <= end)
        })
    }

    /// A device reads.
    pub fn read(&self, address: u64, length: usize) -> Vec<u8> {
        let place = self.place(address, length);
        let mut bytes = vec![0; length];
        // SAFETY: `place` is of `length` bytes, and not the vector's.
        unsafe { place.copy_to_nonoverlapping(bytes.as_mut_ptr(), length) };
        bytes
    }

    /// A device writes.
    pub fn write(&self, address: u64, bytes: &[u8]) {
        let place = self.place(address, bytes.len());
        // SAFETY: `place` is of as many bytes, and not what is written.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// A device reads two bytes.
    pub fn read16(&self, address: u64) -> u16 {
        u16::from_le_bytes(self.read(address, 2).try_into().expect("two bytes"))
    }

    /// A device reads eight bytes.
    pub fn read64(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.read(address, 8).try_into().expect("eight bytes"))
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        for region in self.0.get_mut() {
            // SAFETY: both guards are in it; it was allocated with this layout.
            let is_whole = unsafe {
                let guard = |at: usize| std::slice::from_raw_parts(region.start.add(at).as_ptr(), GUARD);
                let is_whole = [0, GUARD + region.length].into_iter().all(|at| guard(at).iter().all(|&b| b == CANARY));
                dealloc(region.start.as_ptr(), region.layout());
                is_whole
            };
            assert!(is_whole || std::thread::panicking(), "somebody wrote outside of what is shared");
        }
    }
}
