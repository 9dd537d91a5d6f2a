//! From a hash to a place in a table.

use alloc::vec::Vec;
use core::num::NonZeroU32;

/// The fewest buckets of a table that has any, a power of two as every number of them.
const FEWEST: usize = 8;

/// Finds entries by 32 bits of a keyed hash, which stand beside them: a look-up reads one cache line here or two and, but
/// for one in four billion, only the entry it is looking for.
///
/// A hash nobody outside can choose needs no more than the next bucket where its own is taken (linear probing), and that
/// is read without registers that a hypervisor would have to give first.
pub struct Table<T> {
    buckets: Vec<Option<(u32, T)>>,
    entries: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { buckets: Vec::new(), entries: 0 }
    }
}

impl<T> Table<T> {
    /// The entry under this hash that `is` the right one.
    pub fn find(&self, hash: u32, is: impl FnMut(&T) -> bool) -> Option<&T> {
        let (_, entry) = self.buckets.get(self.position(hash, is)?)?.as_ref()?;
        Some(entry)
    }

    pub fn insert(&mut self, hash: u32, entry: T) {
        // Four in five are taken at most: a hash that is there is looked for in three buckets then, one that is not in
        // thirteen, which are a few cache lines.
        if self.entries >= self.buckets.len() / 5 * 4 {
            self.grow();
        }
        self.entries += 1;
        self.put(hash, entry);
    }

    pub fn remove(&mut self, hash: u32, is: impl FnMut(&T) -> bool) -> Option<T> {
        let mut free = self.position(hash, is)?;
        let (_, removed) = self.buckets.get_mut(free)?.take()?;
        self.entries -= 1;
        // No look-up may end at the bucket that is free now and has not seen what stands behind it.
        let mut at = self.after(free);
        while let Some((hash, _)) = self.buckets[at] {
            if self.distance(self.bucket(hash), at) >= self.distance(free, at) {
                self.buckets.swap(free, at);
                free = at;
            }
            at = self.after(at);
        }
        Some(removed)
    }

    fn position(&self, hash: u32, mut is: impl FnMut(&T) -> bool) -> Option<usize> {
        let mut at = self.bucket(hash);
        while let Some((stored, entry)) = self.buckets.get(at)? {
            if *stored == hash && is(entry) {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// Puts an entry where there is room; there is.
    fn put(&mut self, hash: u32, entry: T) {
        let mut at = self.bucket(hash);
        while self.buckets[at].is_some() {
            at = self.after(at);
        }
        self.buckets[at] = Some((hash, entry));
    }

    fn grow(&mut self) {
        let count = (self.buckets.len() * 2).max(FEWEST);
        let mut buckets = Vec::with_capacity(count);
        buckets.resize_with(count, || None);
        for (hash, entry) in core::mem::replace(&mut self.buckets, buckets).into_iter().flatten() {
            self.put(hash, entry);
        }
    }

    /// The bucket a hash has to begin with.
    fn bucket(&self, hash: u32) -> usize {
        hash as usize & self.buckets.len().wrapping_sub(1)
    }

    fn after(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// How many buckets `to` is behind `from`.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.buckets.len() - 1)
    }
}

/// A table of places in another one.
#[derive(Default)]
pub struct Index {
    /// Each is one more than the place, so that a free bucket needs no mark.
    table: Table<NonZeroU32>,
}

impl Index {
    /// The place under this hash that `is` the right one.
    pub fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.table.find(hash, |&place| is(place.get() - 1)).map(|place| place.get() - 1)
    }

    pub fn insert(&mut self, hash: u32, place: u32) {
        self.table.insert(hash, above(place));
    }

    pub fn remove(&mut self, hash: u32, place: u32) {
        self.table.remove(hash, |&stored| stored == above(place));
    }
}

/// Memory has bounds far below the last place.
fn above(place: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(place)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::Index;

    proptest! {
        /// As a list has it, with hashes that are equal, share buckets and come round the end.
        #[test]
        fn what_is_there_is_found(steps in prop::collection::vec((0_u32..4, 0_u32..24, any::<bool>()), 0..400)) {
            let (mut index, mut list) = (Index::default(), Vec::new());
            for (at, (high, low, adds)) in steps.into_iter().enumerate() {
                let hash = (high << 8).wrapping_add(low).wrapping_sub(12);
                if adds || list.is_empty() {
                    index.insert(hash, at as u32);
                    list.push((hash, at as u32));
                } else {
                    let (hash, place) = list.swap_remove(low as usize % list.len());
                    index.remove(hash, place);
                    prop_assert_eq!(index.find(hash, |other| other == place), None);
                }
                for &(hash, place) in &list {
                    prop_assert_eq!(index.find(hash, |other| other == place), Some(place));
                    prop_assert_eq!(index.find(hash ^ 0x8000_0000, |_| true), None);
                }
            }
        }
    }
}
