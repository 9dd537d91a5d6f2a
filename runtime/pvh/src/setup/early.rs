//! Physical memory as the start sees it, before the seal: one to one, and more of it than `boot.s` has mapped.

/// A page of 2 MiB that is present and can be read by ring 3.
const LARGE_READ: u64 = 1 << 7 | 1 << 2 | 1;
/// A directory of them.
const DIRECTORY: u64 = 1 << 2 | 1;
const LARGE_PAGE: u64 = 2 << 20;
const GIB: u64 = 1 << 30;

/// What the start may look at.
pub struct Early {
    /// The table of GiBs, the directory of the first one and that of one more.
    tables: [*mut u64; 3],
    /// Where the directory of one more is.
    spare: u64,
    /// Which GiB that is, once it is said.
    more: Option<u64>,
}

impl Early {
    /// Over the boot's tables: a root, a table of GiBs, a directory, and a page that is zero.
    ///
    /// # Safety
    /// They must be those the processor uses.
    #[cfg(mirage_bare)]
    pub(super) unsafe fn new(root: u64) -> Self {
        let page = |number: u64| root + number * super::tables::PAGE;
        Self { tables: [1, 2, 3].map(|number| page(number) as *mut u64), spare: page(3), more: None }
    }

    /// `length` bytes at a physical address below 512 GiB, as they are now; none if they are in a third GiB.
    pub fn see(&mut self, address: u64, length: usize) -> Option<&[u8]> {
        let end = address.checked_add(length as u64)?;
        if address == 0 || end > 512 * GIB {
            return None;
        }
        let mut page = address & !(LARGE_PAGE - 1);
        while page < end {
            self.map(page)?;
            page += LARGE_PAGE;
        }
        // SAFETY: mapped, and nobody writes it before the seal.
        Some(unsafe { core::slice::from_raw_parts(address as *const u8, length) })
    }

    fn map(&mut self, page: u64) -> Option<()> {
        let [gibs, first, spare] = self.tables;
        let gib = page / GIB;
        let directory = match gib {
            0 => first,
            _ if self.more.is_none_or(|more| more == gib) => spare,
            _ => return None,
        };
        // SAFETY: the indices are below 512; an entry that is there is left as it is.
        unsafe {
            if gib > 0 && self.more.is_none() {
                *gibs.add(gib as usize) = self.spare | DIRECTORY;
                self.more = Some(gib);
            }
            let entry = directory.add((page / LARGE_PAGE % 512) as usize);
            if *entry & 1 == 0 {
                *entry = page | LARGE_READ;
            }
        }
        Some(())
    }
}
