//! Where in a queue's memory what is: the descriptors, the ring of buffers available to the device, the ring of those it
//! has used, and the tables that one descriptor each can stand for.

use super::super::machine::PAGE;

/// The length of a descriptor, in bytes (section 2.7.5).
pub const DESCRIPTOR: usize = 16;

/// The length of an entry of the used ring, in bytes (section 2.7.8).
pub const USED: usize = 8;

/// The most entries a queue of ours has. A device's may have 32,768; memory is dear.
pub const MOST: u16 = 1024;

/// The places of a queue's parts, in bytes from the beginning of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many descriptors there are: a power of two.
    pub size: u16,
    /// How many descriptors an indirect table has; 0: there are none.
    pub indirect: u16,
    /// The available ring: flags, index, an entry of two bytes per descriptor, the event the driver waits for.
    pub available: usize,
    /// The used ring: flags, index, an entry of eight bytes per descriptor, the event the device waits for.
    pub used: usize,
    /// The indirect tables, one per descriptor.
    pub tables: usize,
    /// The length of all of it.
    pub length: usize,
}

impl Layout {
    /// The largest queue of no more than `most` descriptors that a device has with `offered` as its largest; each with
    /// a table of `indirect` more. `None` when the device has none.
    pub fn new(offered: u16, most: u16, indirect: u16) -> Option<Self> {
        let size = 1 << offered.min(most).min(MOST).checked_ilog2()?;
        let (count, indirect_count) = (usize::from(size), usize::from(indirect));
        let available = count * DESCRIPTOR;
        let used = (available + 6 + 2 * count).next_multiple_of(4);
        let tables = (used + 6 + USED * count).next_multiple_of(DESCRIPTOR);
        let length = tables + count * indirect_count * DESCRIPTOR;
        Some(Self { size, indirect, available, used, tables, length })
    }

    /// How many pages that takes.
    pub fn pages(&self) -> usize {
        self.length.div_ceil(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Section 2.7: alignments of 16, 2 and 4 bytes, nothing within anything else.
    #[test]
    fn parts_are_aligned_and_apart() {
        for size in [1, 2, 4, 8, 256, 1024] {
            let layout = Layout::new(size, 1024, 2).expect("a queue");
            let count = usize::from(size);
            assert_eq!(layout.size, size);
            assert!(layout.available >= 16 * count && layout.available.is_multiple_of(2));
            assert!(layout.used >= layout.available + 6 + 2 * count && layout.used.is_multiple_of(4));
            assert!(layout.tables >= layout.used + 6 + 8 * count && layout.tables.is_multiple_of(16));
            assert_eq!(layout.length, layout.tables + 2 * 16 * count);
        }
        assert_eq!(Layout::new(256, 256, 0).expect("a queue").pages(), 2);
        assert_eq!(Layout::new(256, 256, 2).expect("a queue").pages(), 4);
    }

    #[test]
    fn sizes_are_powers_of_two_that_both_sides_can_have() {
        let size = |offered, most| Layout::new(offered, most, 0).map(|layout| layout.size);
        assert_eq!(size(0, 256), None);
        assert_eq!(size(1, 256), Some(1));
        assert_eq!(size(100, 256), Some(64));
        assert_eq!(size(u16::MAX, 300), Some(256));
        assert_eq!(size(u16::MAX, u16::MAX), Some(1024));
    }
}
