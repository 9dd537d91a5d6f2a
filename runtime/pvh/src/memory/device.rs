//! What drivers share with devices.

use alloc::alloc::{Layout as Wanted, alloc_zeroed};
use core::ptr::NonNull;

use crate::shim::call;

/// A page, in bytes.
const PAGE: usize = 4096;

/// Zeroed memory in whole pages, in one piece for a device as well. It is never freed: a device may keep writing to it.
#[derive(Clone, Copy)]
pub struct Pages {
    /// Where it is seen.
    pub pointer: NonNull<u8>,
    /// Where a device finds it.
    pub address: u64,
    /// Its length in bytes.
    pub length: usize,
}

impl Pages {
    /// At least `length` bytes; none when there are no more.
    pub fn new(length: usize) -> Option<Self> {
        let length = length.max(1).checked_next_multiple_of(PAGE)?;
        let wanted = Wanted::from_size_align(length, PAGE).ok()?;
        // SAFETY: the length is not zero.
        let pointer = NonNull::new(unsafe { alloc_zeroed(wanted) })?;
        Some(Self { pointer, address: device_address(pointer.as_ptr()), length })
    }
}

/// Where a device finds what is at `pointer` in the heap or in a static; the stack has no address for it.
#[cfg(mirage_bare)]
pub fn device_address(pointer: *const u8) -> u64 {
    let address = pointer as u64;
    // The heap is seen at a distance, the image where it is.
    address.checked_sub(crate::setup::layout().heap_offset).unwrap_or(address)
}

/// Where a device finds what is at `pointer`: on a host there is none, and it stands for itself.
#[cfg(not(mirage_bare))]
pub fn device_address(pointer: *const u8) -> u64 {
    pointer as u64
}

/// The registers of a device, or other memory of its own.
#[derive(Clone, Copy)]
pub struct Registers {
    /// Where they are seen: not through the cache.
    pub pointer: NonNull<u8>,
    /// Their length in bytes.
    pub length: usize,
}

impl Registers {
    /// Those at a physical address; none if the shim does not let them be had: it keeps memory and the interrupt
    /// controllers to itself, and has room for 512 pages.
    pub fn map(address: u64, length: usize) -> Option<Self> {
        let offset = address as usize % PAGE;
        let first = address - offset as u64;
        let pages = offset.checked_add(length)?.div_ceil(PAGE);
        let begin = call::map(first)?;
        // The window is filled in order: the pages follow each other.
        for page in 1..pages {
            let next = call::map(first + (page * PAGE) as u64)?;
            if next != begin + (page * PAGE) as u64 {
                return None;
            }
        }
        let pointer = NonNull::new((begin as usize + offset) as *mut u8)?;
        Some(Self { pointer, length })
    }
}
