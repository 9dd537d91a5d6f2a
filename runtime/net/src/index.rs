//! From a hash to a place in a table.

use hashbrown::HashTable;

/// Finds places by 32 bits of a keyed hash, which stand beside them: a look-up reads one cache line here and, but for
/// one in four billion, only the place it is looking for.
#[derive(Default)]
pub struct Index {
    table: HashTable<(u32, u32)>,
}

impl Index {
    /// The place under this hash that `is` the right one.
    pub fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.table.find(spread(hash), |&(stored, place)| stored == hash && is(place)).map(|&(_, place)| place)
    }

    pub fn insert(&mut self, hash: u32, place: u32) {
        self.table.insert_unique(spread(hash), (hash, place), |&(stored, _)| spread(stored));
    }

    pub fn remove(&mut self, hash: u32, place: u32) {
        if let Ok(entry) = self.table.find_entry(spread(hash), |&stored| stored == (hash, place)) {
            entry.remove();
        }
    }
}

/// The table takes the bucket from the lower bits and a tag from the uppermost.
pub fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
