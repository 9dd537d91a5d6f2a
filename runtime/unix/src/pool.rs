//! Buffers for what is on its way, so that a connection without traffic has none.

use std::cell::RefCell;
use std::rc::Rc;

/// The most buffers kept for later; past a burst, the rest goes back to the heap.
const KEPT: usize = 256;

/// Buffers that are not in use. All clones are one pool.
#[derive(Clone, Default)]
pub struct Pool(Rc<RefCell<Vec<Box<[u8]>>>>);

impl Pool {
    /// The size of a buffer, in bytes: a request or a reply in one piece, for most.
    pub const SIZE: usize = 16 * 1024;

    /// A buffer, its contents whatever they last were.
    pub fn take(&self) -> Box<[u8]> {
        self.0.borrow_mut().pop().unwrap_or_else(|| vec![0; Self::SIZE].into_boxed_slice())
    }

    /// Takes a buffer back.
    pub fn give(&self, buffer: Box<[u8]>) {
        let mut kept = self.0.borrow_mut();
        if !buffer.is_empty() && kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}
