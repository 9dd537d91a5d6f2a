//! Pages that Xen, or another domain, reads and writes as well. Whoever it is may write anything at any time: a value is
//! read once, into a copy, and every access is within the page.

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use mirage_pvh::Pages;

/// A page, in bytes.
pub const LENGTH: usize = 4096;

/// A page of the image that Xen puts something into the place of.
#[repr(C, align(4096))]
pub struct Static(UnsafeCell<[u8; LENGTH]>);

// SAFETY: every access is atomic, and by `Shared`.
unsafe impl Sync for Static {}

impl Static {
    /// A page of zeroes.
    pub const fn new() -> Self {
        Self(UnsafeCell::new([0; LENGTH]))
    }

    /// The page as one that is shared.
    pub fn shared(&'static self) -> Shared {
        Shared { start: NonNull::from(&self.0).cast(), address: mirage_pvh::device_address(self.0.get().cast()) }
    }
}

impl Default for Static {
    fn default() -> Self {
        Self::new()
    }
}

/// A page that is shared. Clones are the same page.
#[derive(Clone, Copy)]
pub struct Shared {
    start: NonNull<u8>,
    address: u64,
}

impl Shared {
    /// A page of zeroes from the heap; none when there is none left.
    pub fn new() -> Option<Self> {
        Self::several(1)?.next()
    }

    /// So many of them in one piece: each on its own would leave a gap of nearly a page before the next.
    pub fn several(count: usize) -> Option<impl Iterator<Item = Self>> {
        let Pages { pointer, address, .. } = Pages::new(count.checked_mul(LENGTH)?)?;
        Some((0..count).map(move |number| {
            let offset = number * LENGTH;
            // SAFETY: the piece has so many pages.
            Self { start: unsafe { pointer.add(offset) }, address: address + offset as u64 }
        }))
    }

    /// The page of another memory than ours, at this frame number; none where the shim does not let it be had.
    pub fn map(frame: u64) -> Option<Self> {
        let address = frame.checked_mul(LENGTH as u64)?;
        let registers = mirage_pvh::Registers::map(address, LENGTH)?;
        Some(Self { start: registers.pointer, address })
    }

    /// Its number among the machine's pages.
    pub fn frame(self) -> u64 {
        self.address / LENGTH as u64
    }

    /// Where it is seen.
    pub fn pointer(self) -> *const u8 {
        self.start.as_ptr()
    }

    /// Whether so many bytes from there on are in the page. Who asks has looked: it is a mistake of ours if they are not.
    fn is_inside(offset: usize, length: usize) -> bool {
        let inside = offset.checked_add(length).is_some_and(|end| end <= LENGTH);
        debug_assert!(inside, "{length} bytes at {offset}");
        inside
    }

    fn place<T>(self, offset: usize) -> Option<*mut T> {
        let inside = offset.is_multiple_of(align_of::<T>()) && Self::is_inside(offset, size_of::<T>());
        // SAFETY: inside of the page.
        inside.then(|| unsafe { self.start.add(offset) }.as_ptr().cast())
    }

    /// Reads two bytes; 0 outside, as for the others.
    pub fn load16(self, offset: usize) -> u16 {
        // SAFETY: inside and aligned, and accessed atomically only.
        self.place(offset).map_or(0, |place| unsafe { AtomicU16::from_ptr(place) }.load(Ordering::Acquire))
    }

    /// Reads four bytes, and sees all that was written before them.
    pub fn load32(self, offset: usize) -> u32 {
        // SAFETY: as above.
        self.place(offset).map_or(0, |place| unsafe { AtomicU32::from_ptr(place) }.load(Ordering::Acquire))
    }

    /// Reads eight bytes and leaves others in their place.
    pub fn swap64(self, offset: usize, value: u64) -> u64 {
        // SAFETY: as above.
        self.place(offset).map_or(0, |place| unsafe { AtomicU64::from_ptr(place) }.swap(value, Ordering::AcqRel))
    }

    /// Clears bits, and returns what there was.
    pub fn clear64(self, offset: usize, bits: u64) -> u64 {
        // SAFETY: as above.
        self.place(offset).map_or(0, |place| unsafe { AtomicU64::from_ptr(place) }.fetch_and(!bits, Ordering::AcqRel))
    }

    /// Writes one byte; nothing outside, as for the others.
    pub fn store8(self, offset: usize, value: u8) {
        if let Some(place) = self.place::<u8>(offset) {
            // SAFETY: inside of the page.
            unsafe { place.write_volatile(value) }
        }
    }

    /// Writes two bytes, after all that was written before.
    pub fn store16(self, offset: usize, value: u16) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { AtomicU16::from_ptr(place) }.store(value, Ordering::Release);
        }
    }

    /// Writes four bytes, after all that was written before.
    pub fn store32(self, offset: usize, value: u32) {
        if let Some(place) = self.place(offset) {
            // SAFETY: as above.
            unsafe { AtomicU32::from_ptr(place) }.store(value, Ordering::Release);
        }
    }

    /// Copies bytes out of it; of those outside nothing.
    pub fn read(self, offset: usize, into: &mut [u8]) {
        if Self::is_inside(offset, into.len()) {
            // SAFETY: inside of the page, and no overlap: it is nobody's slice. What is read while it is written is some
            // bytes or others.
            unsafe { self.start.add(offset).as_ptr().copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) }
        }
    }

    /// Copies bytes into it; of those outside nothing.
    pub fn write(self, offset: usize, from: &[u8]) {
        if Self::is_inside(offset, from.len()) {
            // SAFETY: as above.
            unsafe { self.start.add(offset).as_ptr().copy_from_nonoverlapping(from.as_ptr(), from.len()) }
        }
    }
}

/// Everything written before is seen before anything read after: where each side looks whether the other one sleeps.
pub fn fence() {
    core::sync::atomic::fence(Ordering::SeqCst);
}
