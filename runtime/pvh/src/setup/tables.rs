//! Page tables of four levels (Intel SDM volume 3, section 4.5), written where memory is seen one to one.

/// The page is there.
pub const PRESENT: u64 = 1;
/// It can be written.
pub const WRITE: u64 = 1 << 1;
/// Ring 3 can see it.
pub const USER: u64 = 1 << 2;
/// Not through the cache.
pub const UNCACHED: u64 = 1 << 3 | 1 << 4;
/// A page of 2 MiB.
pub const LARGE: u64 = 1 << 7;
/// It cannot be executed.
pub const NO_EXECUTE: u64 = 1 << 63;

/// The address in an entry.
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// A page, in bytes.
pub const PAGE: u64 = 4096;

/// Page tables in the making, in pages taken from a range of memory.
pub struct Tables {
    root: u64,
    next: u64,
    end: u64,
}

impl Tables {
    /// Empty ones, in pages from `next` up to `end`.
    ///
    /// # Safety
    /// That range must be nobody else's memory, seen at its own addresses.
    pub unsafe fn new(next: u64, end: u64) -> Option<Self> {
        let mut tables = Self { root: 0, next, end };
        tables.root = tables.fresh()?;
        Some(tables)
    }

    /// What cr3 takes.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// Maps a page, or one of 2 MiB if `flags` say [`LARGE`]; none if there is no page left for a table.
    pub fn map(&mut self, virt: u64, physical: u64, flags: u64) -> Option<()> {
        let level = if flags & LARGE == 0 { 0 } else { 1 };
        let table = self.table(virt, level)?;
        self.write(table, index(virt, level), physical | flags | PRESENT);
        Some(())
    }

    /// Maps `length` bytes in pages of 4 KiB.
    #[inline(never)] // five times in what is run once
    pub fn map_all(&mut self, virt: u64, physical: u64, length: u64, flags: u64) -> Option<()> {
        (0..length).step_by(PAGE as usize).try_for_each(|offset| self.map(virt + offset, physical + offset, flags))
    }

    /// The table that holds the entries for `virt` of this level: 0 for pages, 1 for those of 2 MiB, 2 for GiBs. It is
    /// made if it is not there. What is allowed is said by the last entry alone.
    pub fn table(&mut self, virt: u64, level: u32) -> Option<u64> {
        let mut table = self.root;
        for above in (level + 1..=3).rev() {
            let place = index(virt, above);
            let mut entry = self.read(table, place);
            if entry & PRESENT == 0 {
                entry = self.fresh()? | PRESENT | WRITE | USER;
                self.write(table, place, entry);
            }
            table = entry & ADDRESS;
        }
        Some(table)
    }

    fn fresh(&mut self) -> Option<u64> {
        let page = self.next;
        if page + PAGE > self.end {
            return None;
        }
        self.next += PAGE;
        // SAFETY: a page of ours, see `new`.
        unsafe { core::ptr::write_bytes(page as *mut u8, 0, PAGE as usize) };
        Some(page)
    }

    fn read(&self, table: u64, index: u64) -> u64 {
        // SAFETY: a page of ours, see `new`; an index is below 512.
        unsafe { *(table as *const u64).add(index as usize) }
    }

    fn write(&mut self, table: u64, index: u64, entry: u64) {
        // SAFETY: as above.
        unsafe { *(table as *mut u64).add(index as usize) = entry }
    }
}

fn index(virt: u64, level: u32) -> u64 {
    virt >> (12 + 9 * level) & 511
}

#[cfg(test)]
mod tests {
    use alloc::alloc::{Layout, alloc};

    use super::*;

    fn pages(count: u64) -> Tables {
        let layout = Layout::from_size_align((count * PAGE) as usize, PAGE as usize).expect("a few pages");
        // SAFETY: it is not of size zero, and nobody else's.
        unsafe {
            let memory = alloc(layout) as u64;
            Tables::new(memory, memory + count * PAGE).expect("there is a page")
        }
    }

    #[test]
    fn a_page_is_found_by_its_four_indices() {
        let mut tables = pages(8);
        let (virt, physical) = (0x1234_5678_9000, 0xabc_d000);
        tables.map(virt, physical, USER | NO_EXECUTE).expect("there are tables enough");
        let table = tables.table(virt, 0).expect("it is there");
        assert_eq!(tables.read(table, virt >> 12 & 511), physical | USER | NO_EXECUTE | PRESENT);
        let directory = tables.table(virt, 1).expect("it is there");
        assert_eq!(tables.read(directory, virt >> 21 & 511) & ADDRESS, table);
        assert_eq!(tables.read(tables.root(), virt >> 39 & 511) & 7, PRESENT | WRITE | USER);
    }

    #[test]
    fn tables_are_shared_and_run_out() {
        let mut tables = pages(4);
        assert!(tables.map_all(0, 0, 512 * PAGE, WRITE).is_some(), "one of each level");
        assert!(tables.map(512 * PAGE, 0, WRITE).is_none());
    }
}
