//! Chunks, and the pool they come from and go back to.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::num::NonZeroU16;

/// The memory of a chunk, which knows where it comes from while it is used: a chunk itself is small.
struct Memory {
    home: Option<Pool>,
    bytes: [u8; Chunk::SIZE],
}

/// Where chunks come from. All clones are one pool.
#[derive(Clone)]
pub struct Pool(Rc<Shelf>);

struct Shelf {
    free: RefCell<Vec<Box<Memory>>>,
    most: usize,
}

impl Pool {
    /// A pool that keeps up to `most` chunks that nobody uses, of [`Chunk::SIZE`] bytes each, for those to come.
    pub fn new(most: usize) -> Self {
        Self(Rc::new(Shelf { free: RefCell::default(), most }))
    }

    /// An empty chunk.
    pub fn take(&self) -> Chunk {
        let free = self.0.free.borrow_mut().pop();
        let mut memory = free.unwrap_or_else(|| Box::new(Memory { home: None, bytes: [0; Chunk::SIZE] }));
        memory.home = Some(self.clone());
        Chunk { memory: Some(memory), start: 0, behind: NonZeroU16::MIN }
    }

    /// How many chunks wait to be used again.
    pub fn spare(&self) -> usize {
        self.0.free.borrow().len()
    }
}

impl Default for Pool {
    /// One that keeps up to 1024 chunks: 4 MiB.
    fn default() -> Self {
        Self::new(1024)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} spare)", self.spare())
    }
}

/// A piece of memory that is filled at its end and emptied at its beginning. Dropped, it goes back to its pool.
pub struct Chunk {
    /// None only while it is dropped.
    memory: Option<Box<Memory>>,
    start: u16,
    /// One more than where what is filled ends, so that an optional chunk takes no more room than one.
    behind: NonZeroU16,
}

impl Chunk {
    /// How many bytes a chunk has room for, at first.
    pub const SIZE: usize = 4096;

    /// Where more can be filled in.
    pub fn free(&mut self) -> &mut [u8] {
        let end = usize::from(self.end());
        self.memory.as_mut().and_then(|memory| memory.bytes.get_mut(end..)).unwrap_or_default()
    }

    /// How much more can be filled in, in bytes.
    pub fn room(&self) -> usize {
        Self::SIZE - usize::from(self.end())
    }

    /// Counts the first `length` bytes of [`free`](Self::free) as filled.
    pub fn advance(&mut self, length: usize) {
        let length = length.min(self.room());
        self.behind = self.behind.saturating_add(u16::try_from(length).unwrap_or(0));
    }

    /// What was filled in and not consumed.
    pub fn filled(&self) -> &[u8] {
        let range = usize::from(self.start)..usize::from(self.end());
        self.memory.as_ref().and_then(|memory| memory.bytes.get(range)).unwrap_or_default()
    }

    /// Forgets the first `length` bytes of what is [filled](Self::filled).
    pub fn consume(&mut self, length: usize) {
        let length = length.min(self.len());
        self.start += u16::try_from(length).unwrap_or(0);
    }

    /// How many bytes are filled, in bytes.
    pub fn len(&self) -> usize {
        usize::from(self.end() - self.start)
    }

    /// Whether nothing is filled.
    pub fn is_empty(&self) -> bool {
        self.start == self.end()
    }

    fn end(&self) -> u16 {
        self.behind.get() - 1
    }

    /// Copies as much of `bytes` as there is room for; how many bytes that was.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(self.room());
        self.free()[..length].copy_from_slice(&bytes[..length]);
        self.advance(length);
        length
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let Some(mut memory) = self.memory.take() else { return };
        let Some(Pool(shelf)) = memory.home.take() else { return };
        let mut free = shelf.free.borrow_mut();
        if free.len() < shelf.most {
            free.push(memory);
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk({}..{})", self.start, self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Pool};

    #[test]
    fn a_chunk_takes_16_bytes_wherever_it_waits() {
        assert_eq!((size_of::<Chunk>(), size_of::<Option<Chunk>>()), (16, 16));
    }

    #[test]
    fn a_chunk_goes_back_to_its_pool_which_keeps_a_few() {
        let pool = Pool::new(1);
        let (mut one, two) = (pool.take(), pool.take());
        assert_eq!(one.append(&[7; 5000]), Chunk::SIZE);
        one.consume(4000);
        assert_eq!((one.len(), one.room(), one.filled()), (96, 0, &[7; 96][..]));
        drop(one);
        drop(two);
        assert_eq!(pool.spare(), 1);
        assert!(pool.take().is_empty());
    }
}
