//! What is known since the start: the machine, and what is where.

use core::cell::UnsafeCell;

use super::layout::Layout;
use crate::boot::Boot;

/// What is known since the start; written before the seal and read after it.
pub struct Known(pub UnsafeCell<(Boot, Layout)>);

// SAFETY: there is one processor, and nobody writes it once `mirage_platform_start` runs.
unsafe impl Sync for Known {}

const NOWHERE: crate::Range = crate::Range { from: 0, to: 0 };
pub static KNOWN: Known = Known(UnsafeCell::new((
    Boot::new(),
    Layout {
        tables: NOWHERE,
        directories: 0,
        low: NOWHERE,
        high: NOWHERE,
        heap_offset: 0,
        shared: 0,
        fault_stack: NOWHERE,
        stack: NOWHERE,
        devices: 0,
    },
)));

/// The machine as it was found.
pub fn boot() -> &'static Boot {
    // SAFETY: see `Known`.
    unsafe { &(*KNOWN.0.get()).0 }
}

/// What is where.
pub fn layout() -> &'static Layout {
    // SAFETY: see `Known`.
    unsafe { &(*KNOWN.0.get()).1 }
}

/// Where the page is seen that the shim, and a hypervisor told to, write of the clock.
pub fn shared() -> *const u8 {
    layout().shared as *const u8
}
