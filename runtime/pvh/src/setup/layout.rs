//! What is where: computed from what the machine has, so that it can be tested anywhere.

use super::tables::PAGE;
use crate::boot::Range;

/// The pages of 2 MiB that the heap is mapped in.
pub const LARGE_PAGE: u64 = 2 << 20;
const GIB: u64 = 1 << 30;
/// What one entry of the first level covers: regions that are apart have one each.
const SLOT: u64 = 1 << 39;
const FOUR_GIB: u64 = 4 << 30;
/// The most memory that is used, in bytes.
const MOST: u64 = 256 << 30;

/// The stack the unikernel runs on, in bytes. Without optimisation every call copies the future it is given.
pub const STACK: u64 = if cfg!(debug_assertions) { 1 << 20 } else { 128 << 10 };
/// The stack a fault is reported on, in bytes.
pub const FAULT_STACK: u64 = 16 << 10;
/// Both, which lie behind the image.
pub const STACKS: u64 = FAULT_STACK + STACK;
/// Pages for tables besides those that the sizes of image and memory ask for.
const TABLES: u64 = 24;

/// Where everything is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The page tables' memory.
    pub tables: Range,
    /// The directories of the heap, a page a GiB, within `tables`' range but at its end.
    pub directories: u64,
    /// The heap's memory below 4 GiB.
    pub low: Range,
    /// The heap's memory from 4 GiB on; it may be empty.
    pub high: Range,
    /// What is added to a physical address of the heap.
    pub heap_offset: u64,
    /// Where the page that the shim tells of itself in is seen.
    pub shared: u64,
    /// The stack on which faults are reported: where it is seen.
    pub fault_stack: Range,
    /// The stack: where it is seen.
    pub stack: Range,
    /// Where devices are seen.
    pub devices: u64,
}

impl Layout {
    /// A layout for an image that ends, its stacks included, at `image_end`, in this memory; none if that is too little.
    /// `random` gives the places.
    pub fn new(memory: &[Range], image_end: u64, mut random: impl FnMut() -> u64) -> Option<Self> {
        let home = memory.iter().find(|range| range.from <= image_end && image_end < range.to)?;
        let low_to = home.to.min(FOUR_GIB) & !(PAGE - 1);
        let high = memory.iter().find(|range| range.from >= FOUR_GIB).copied().unwrap_or_default();
        let high = Range { from: up(high.from, LARGE_PAGE), to: high.to.min(MOST) & !(LARGE_PAGE - 1) };
        let high = if high.from < high.to { high } else { Range::default() };

        // One each in a slot of its own, the four different: their order is random as well.
        let mut slots = [0; 3];
        for index in 0..slots.len() {
            while slots[index] == 0 || slots[..index].contains(&slots[index]) {
                slots[index] = 1 + random() % 254;
            }
        }
        let span = low_to.max(high.to);
        let heap_offset = slots[0] * SLOT + random() % ((SLOT - span) / LARGE_PAGE) * LARGE_PAGE;
        let heap_gibs = (heap_offset + span - 1) / GIB - heap_offset / GIB + 1;

        let image_tables = image_end / LARGE_PAGE + 2;
        let from = up(image_end, PAGE);
        let directories = from + (TABLES + image_tables) * PAGE;
        let tables = Range { from, to: directories + heap_gibs * PAGE };
        let low = Range { from: tables.to, to: low_to };
        // Less is not worth to begin with: nothing could be allocated.
        if low.from + 16 * PAGE > low.to {
            return None;
        }

        // Within what one table of pages covers, so that it takes one.
        let stacks = PAGE + 3 * PAGE + FAULT_STACK + STACK;
        let base = slots[1] * SLOT
            + random() % (SLOT / LARGE_PAGE) * LARGE_PAGE
            + random() % ((LARGE_PAGE - stacks) / PAGE) * PAGE;
        // With a page that is not there below each of them, and above the last.
        let fault_stack = Range { from: base + 2 * PAGE, to: base + 2 * PAGE + FAULT_STACK };
        let stack = Range { from: fault_stack.to + PAGE, to: fault_stack.to + PAGE + STACK };
        let devices = slots[2] * SLOT + random() % (SLOT / LARGE_PAGE) * LARGE_PAGE;
        Some(Self { tables, directories, low, high, heap_offset, shared: base, fault_stack, stack, devices })
    }

    /// The whole pages of 2 MiB of `low`.
    pub fn low_large(&self) -> Range {
        let to = self.low.to & !(LARGE_PAGE - 1);
        Range { from: up(self.low.from, LARGE_PAGE).min(to), to }
    }
}

fn up(address: u64, to: u64) -> u64 {
    (address + to - 1) & !(to - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice() -> impl FnMut() -> u64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 13
        }
    }

    #[test]
    fn nothing_lies_in_the_way_of_anything_else() {
        let mut random = dice();
        for megabytes in [2_u64, 3, 4, 32, 3_000, 100_000] {
            let to = megabytes << 20;
            let memory = [
                Range { from: 0, to: 0x9_f000 },
                Range { from: 1 << 20, to: to.min(3 << 30) },
                Range { from: FOUR_GIB, to: FOUR_GIB + to.saturating_sub(3 << 30) },
            ];
            for _ in 0..100 {
                let layout = Layout::new(&memory, 0x14_0000, &mut random).expect("it is enough");
                assert!(layout.tables.from >= 0x14_0000 && layout.tables.to == layout.low.from);
                assert!(layout.directories < layout.tables.to && layout.low.to == to.min(3 << 30));
                assert_eq!(layout.high == Range::default(), to <= 3 << 30);
                let heap =
                    Range { from: layout.heap_offset, to: layout.heap_offset + layout.high.to.max(layout.low.to) };
                assert_eq!(heap.from / SLOT, (heap.to - 1) / SLOT, "one table of the third level");
                let slots = [heap.from, layout.stack.from, layout.devices].map(|place| place / SLOT);
                assert!(slots[0] != slots[1] && slots[1] != slots[2] && slots[0] != slots[2] && !slots.contains(&0));
                assert_eq!(layout.shared / LARGE_PAGE, layout.stack.to / LARGE_PAGE);
                assert!(layout.shared + PAGE < layout.fault_stack.from, "a page that is not there");
                assert!(layout.fault_stack.to < layout.stack.from, "a page that is not there");
            }
        }
    }

    #[test]
    fn too_little_memory_is_no_layout() {
        let memory = [Range { from: 1 << 20, to: 0x15_0000 }];
        assert_eq!(Layout::new(&memory, 0x14_0000, dice()), None);
        assert_eq!(Layout::new(&[], 0x14_0000, dice()), None);
    }
}
