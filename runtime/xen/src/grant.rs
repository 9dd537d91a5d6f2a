//! Memory that other domains may use, page by page: grant tables, version 1 (xen/include/public/grant_table.h).

use core::cell::RefCell;

use alloc::vec::Vec;

use crate::page::{LENGTH, Shared, Static};

/// The table: a page has room for 512 entries.
pub static TABLE: [Static; 4] = [const { Static::new() }; 4];

/// Bytes of an entry: flags, the domain it is for, the page's number.
const ENTRY: usize = 8;
const IN_PAGE: u32 = (LENGTH / ENTRY) as u32;
/// The first entries are Xen's toolstack's.
const RESERVED: u32 = 8;

const ACCESS: u16 = 1;
const READ_ONLY: u16 = 1 << 2;
/// Somebody has it in use.
const IN_USE: u16 = 1 << 3 | 1 << 4;

struct Free(RefCell<(u32, Vec<u32>)>);
// SAFETY: there is one processor and no thread.
#[expect(unsafe_code, reason = "a static that is not shared")]
unsafe impl Sync for Free {}
/// The first entry that was never used, and those that are free again.
static FREE: Free = Free(RefCell::new((RESERVED, Vec::new())));

/// A page granted to a domain, until it is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant(u32);

impl Grant {
    /// Lets the domain `other` use `page`, only to read it if so said; none when the table is full.
    pub fn new(other: u16, page: Shared, read_only: bool) -> Option<Self> {
        let mut free = FREE.0.borrow_mut();
        let number = free.1.pop().or_else(|| {
            let next = free.0;
            (next < TABLE.len() as u32 * IN_PAGE).then(|| {
                free.0 += 1;
                next
            })
        })?;
        let (table, offset) = place(number)?;
        // A host's addresses, in tests, are larger than those of a machine.
        let frame = if cfg!(test) { page.frame() as u32 } else { u32::try_from(page.frame()).ok()? };
        table.store32(offset + 4, frame);
        table.store16(offset + 2, other);
        // Last, for from here on it counts.
        table.store16(offset, ACCESS | if read_only { READ_ONLY } else { 0 });
        Some(Self(number))
    }

    /// What the other domain knows it by.
    pub fn reference(self) -> u32 {
        self.0
    }

    /// Takes the page back, if nobody has it in use; false if somebody has: then it stays granted.
    pub fn end(self) -> bool {
        let Some((table, offset)) = place(self.0) else { return true };
        if table.load16(offset) & IN_USE != 0 {
            return false;
        }
        table.store16(offset, 0);
        FREE.0.borrow_mut().1.push(self.0);
        true
    }
}

fn place(number: u32) -> Option<(Shared, usize)> {
    let table = TABLE.get((number / IN_PAGE) as usize)?.shared();
    Some((table, (number % IN_PAGE) as usize * ENTRY))
}
