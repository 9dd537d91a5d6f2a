//! The heap: all memory behind the page tables, by talc.

use core::alloc::{GlobalAlloc, Layout as Wanted};
use core::cell::Cell;

use talc::TalcCell;
use talc::source::Manual;

use crate::setup::Layout;

/// The allocator of an image.
struct Heap {
    talc: TalcCell<Manual>,
    refused: Cell<usize>,
}

// SAFETY: there is one processor and no thread, and what an interrupt calls is in ring 0.
unsafe impl Sync for Heap {}

#[cfg_attr(mirage_bare, global_allocator)]
static HEAP: Heap = Heap { talc: TalcCell::new(Manual), refused: Cell::new(0) };

// SAFETY: talc's own.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)] // wanted in too many places to be in each
    unsafe fn alloc(&self, wanted: Wanted) -> *mut u8 {
        // SAFETY: the caller's.
        let pointer = unsafe { self.talc.alloc(wanted) };
        if pointer.is_null() {
            self.refused.set(wanted.size());
        }
        pointer
    }

    #[inline(never)]
    unsafe fn dealloc(&self, pointer: *mut u8, given: Wanted) {
        // SAFETY: the caller's.
        unsafe { self.talc.dealloc(pointer, given) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, given: Wanted, size: usize) -> *mut u8 {
        // SAFETY: the caller's.
        let pointer = unsafe { self.talc.realloc(pointer, given, size) };
        if pointer.is_null() {
            self.refused.set(size);
        }
        pointer
    }
}

/// Hands the allocator the memory of this layout.
pub fn give(layout: &Layout) {
    for range in [layout.low, layout.high] {
        let size = (range.to - range.from) as usize;
        if size > 0 {
            // SAFETY: the layout keeps the range for the heap, and it is given once. Its ends are touched, no more.
            unsafe { HEAP.talc.claim((layout.heap_offset + range.from) as *mut u8, size) };
        }
    }
}

/// What the heap has.
#[derive(Clone, Copy)]
pub struct Usage {
    /// Bytes that are free.
    pub left: usize,
    /// In so many parts.
    pub parts: usize,
    /// Bytes that are in use.
    pub used: usize,
    /// The size that was wanted last and could not be had; 0: none.
    pub refused: usize,
}

/// What the heap has.
pub fn usage() -> Usage {
    let counters = HEAP.talc.counters();
    Usage {
        left: counters.available_bytes,
        parts: counters.fragment_count,
        used: counters.allocated_bytes,
        refused: HEAP.refused.get(),
    }
}
