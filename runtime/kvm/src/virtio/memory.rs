//! Memory that is shared with a device, and registers: every access is bounded, and of one size.
//!
//! A device may write memory it was given at any time, so what is read of it is a copy, read once, and whole buffers
//! are looked into only after the device has given them back.

use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use super::machine::Registers;

/// Memory that a device can read and write too. It has one owner, and is never freed.
pub struct Memory {
    start: NonNull<u8>,
    length: usize,
    address: u64,
}

impl Memory {
    /// Memory at `start` that devices know as `address`.
    ///
    /// # Safety
    /// `length` bytes from `start` on are initialised, writable, aligned to 16 bytes, nobody else's in this program, and
    /// stay so for good; a device finds them from `address` on.
    pub const unsafe fn new(start: NonNull<u8>, length: usize, address: u64) -> Self {
        Self { start, length, address }
    }

    /// Where devices find it.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The first `at` bytes, and the others. `at` is rounded up to 16 bytes; `None` where there are not as many.
    pub fn split_at(self, at: usize) -> Option<(Self, Self)> {
        let at = at.checked_next_multiple_of(16)?;
        let rest = self.length.checked_sub(at)?;
        // SAFETY: `at` is at most the length, so that this is in what `new` was given, or at its end.
        let behind = unsafe { self.start.add(at) };
        let address = self.address.wrapping_add(at as u64);
        Some((Self { length: at, ..self }, Self { start: behind, length: rest, address }))
    }

    /// The place of a `T` at an offset. Nowhere outside, nor where a `T` is not aligned: `None`.
    fn place<T>(&self, offset: usize) -> Option<*mut T> {
        let end = offset.checked_add(size_of::<T>())?;
        let inside = end <= self.length && offset.is_multiple_of(align_of::<T>());
        debug_assert!(inside, "{offset} of {}", self.length);
        // SAFETY: the offset is less than the length, so that this is in what `new` was given.
        inside.then(|| unsafe { self.start.add(offset) }.cast().as_ptr())
    }

    /// Reads two bytes, and sees all that a device wrote before it wrote them. 0 outside.
    pub fn load16(&self, offset: usize) -> u16 {
        // SAFETY: the place is inside and aligned, and everybody in this program uses it atomically or as its one owner.
        self.place(offset).map_or(0, |place| unsafe { AtomicU16::from_ptr(place) }.load(Ordering::Acquire))
    }

    /// Reads four bytes. 0 outside.
    pub fn load32(&self, offset: usize) -> u32 {
        // SAFETY: as above.
        self.place(offset).map_or(0, |place| unsafe { AtomicU32::from_ptr(place) }.load(Ordering::Relaxed))
    }

    /// Writes two bytes; a device that sees them sees all that was written before. Outside, nothing.
    pub fn store16(&self, offset: usize, value: u16) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { AtomicU16::from_ptr(place) }.store(value, Ordering::Release);
        }
    }

    /// Writes eight bytes. Outside, nothing.
    pub fn store64(&self, offset: usize, value: u64) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { AtomicU64::from_ptr(place) }.store(value, Ordering::Relaxed);
        }
    }

    /// Bytes of it, which no device has at the time: it was not given them, or has given them back. A device that
    /// writes them all the same can change what is seen, as it can in all of the machine's memory.
    pub fn bytes(&mut self, offset: usize, length: usize) -> Option<&mut [u8]> {
        let inside = offset.checked_add(length).is_some_and(|end| end <= self.length);
        debug_assert!(inside, "{length} from {offset} on of {}", self.length);
        // SAFETY: they are in what `new` was given, initialised, and lent for as long as the one owner is.
        inside.then(|| unsafe { slice::from_raw_parts_mut(self.start.add(offset).as_ptr(), length) })
    }
}

/// Registers that are mapped into memory.
pub struct Mapped {
    start: NonNull<u8>,
    length: usize,
}

impl Mapped {
    /// Registers from `start` on.
    ///
    /// # Safety
    /// `length` bytes from `start` on are mapped, aligned to 4 bytes, are registers of a device (or are nobody's memory),
    /// and stay so for good.
    pub const unsafe fn new(start: NonNull<u8>, length: usize) -> Self {
        Self { start, length }
    }

    fn place<T>(&self, offset: usize) -> Option<*mut T> {
        let end = offset.checked_add(size_of::<T>())?;
        let inside = end <= self.length && offset.is_multiple_of(align_of::<T>());
        // SAFETY: the offset is less than the length, so that this is in what `new` was given.
        inside.then(|| unsafe { self.start.add(offset) }.cast().as_ptr())
    }
}

// Never inlined: so each access is one plain `mov`, which every monitor can emulate, and not the operand of something
// else.
impl Registers for Mapped {
    fn length(&self) -> usize {
        self.length
    }

    #[inline(never)]
    fn read8(&self, offset: usize) -> u8 {
        // SAFETY: the place is inside, where `new` was promised registers.
        self.place(offset).map_or(u8::MAX, |place| unsafe { core::ptr::read_volatile(place) })
    }

    #[inline(never)]
    fn read16(&self, offset: usize) -> u16 {
        // SAFETY: the place is inside and aligned, where `new` was promised registers.
        self.place(offset).map_or(u16::MAX, |place| unsafe { core::ptr::read_volatile(place) })
    }

    #[inline(never)]
    fn read32(&self, offset: usize) -> u32 {
        // SAFETY: as above.
        self.place(offset).map_or(u32::MAX, |place| unsafe { core::ptr::read_volatile(place) })
    }

    #[inline(never)]
    fn write8(&self, offset: usize, value: u8) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { core::ptr::write_volatile(place, value) };
        }
    }

    #[inline(never)]
    fn write16(&self, offset: usize, value: u16) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { core::ptr::write_volatile(place, value) };
        }
    }

    #[inline(never)]
    fn write32(&self, offset: usize, value: u32) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { core::ptr::write_volatile(place, value) };
        }
    }
}
