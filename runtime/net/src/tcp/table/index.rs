//! From a hash to what is found under it.

use hashbrown::HashTable;

/// Finds things, or their places in a table, by 32 bits of a keyed hash, which stand beside them: a look-up reads one
/// cache line here and, but for one in four billion, only what it is looking for.
pub struct Index<P = u32> {
    table: HashTable<(u32, P)>,
}

impl<P> Default for Index<P> {
    fn default() -> Self {
        Self { table: HashTable::new() }
    }
}

impl<P> Index<P> {
    /// What stands under this hash and `is` the right one.
    pub fn find(&self, hash: u32, mut is: impl FnMut(&P) -> bool) -> Option<&P> {
        self.table.find(spread(hash), |(stored, place)| *stored == hash && is(place)).map(|(_, place)| place)
    }

    pub fn insert(&mut self, hash: u32, place: P) {
        self.table.insert_unique(spread(hash), (hash, place), |&(stored, _)| spread(stored));
    }

    pub fn remove(&mut self, hash: u32, mut is: impl FnMut(&P) -> bool) {
        if let Ok(entry) = self.table.find_entry(spread(hash), |(stored, place)| *stored == hash && is(place)) {
            entry.remove();
        }
    }
}

/// The table takes the bucket from the lower bits and a tag from the uppermost.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
