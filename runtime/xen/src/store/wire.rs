//! Messages and the ring they go through (xen/include/public/io/xs_wire.h).

use alloc::vec::Vec;

use crate::page::{Shared, fence};

/// The kinds of message that are used.
pub mod kind {
    /// The names below a path.
    pub const DIRECTORY: u32 = 1;
    /// The text at a path.
    pub const READ: u32 = 2;
    /// To be told when something at or below a path changes.
    pub const WATCH: u32 = 4;
    /// A transaction begins.
    pub const START: u32 = 6;
    /// A transaction ends.
    pub const END: u32 = 7;
    /// A text at a path.
    pub const WRITE: u32 = 11;
    /// Nothing more at a path, or below it.
    pub const REMOVE: u32 = 13;
    /// Something has changed.
    pub const EVENT: u32 = 15;
    /// It cannot be done.
    pub const ERROR: u32 = 16;
}

/// A message's header: kind, number, transaction, length of what follows.
pub const HEADER: usize = 16;
/// The most that follows.
pub const MOST: usize = 4096;

/// Each ring, and where in them each side is.
const RING: u32 = 1024;
const REQUESTS: usize = 0;
const ANSWERS: usize = 1024;
const REQUESTS_READ: usize = 2048;
const REQUESTS_WRITTEN: usize = 2052;
const ANSWERS_READ: usize = 2056;
const ANSWERS_WRITTEN: usize = 2060;

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: u32,
    /// The number of what it answers.
    pub number: u32,
    /// What it says.
    pub body: Vec<u8>,
}

/// A message for the store.
pub fn encode(kind: u32, number: u32, transaction: u32, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut message = Vec::with_capacity(HEADER + length);
    for field in [kind, number, transaction, length as u32] {
        message.extend_from_slice(&field.to_le_bytes());
    }
    parts.iter().for_each(|part| message.extend_from_slice(part));
    message
}

/// The ring's page, and what has come of a message that is not whole.
pub struct Ring {
    page: Shared,
    part: Vec<u8>,
}

impl Ring {
    /// The ring in a page.
    pub fn new(page: Shared) -> Self {
        Self { page, part: Vec::new() }
    }

    /// Writes what there is room for, and says how much that was.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let written = self.page.load32(REQUESTS_WRITTEN);
        let used = written.wrapping_sub(self.page.load32(REQUESTS_READ));
        // Beyond its length: the other end has lost count, and there is no room to be had from it.
        let room = RING.saturating_sub(used);
        let at = written % RING;
        let count = room.min(RING - at).min(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.page.write(REQUESTS + at as usize, bytes.get(..count as usize).unwrap_or_default());
        self.page.store32(REQUESTS_WRITTEN, written.wrapping_add(count));
        count as usize
    }

    /// The next whole message; none while there is none. Whether anything was read, the other end is to be told.
    pub fn read(&mut self) -> (Option<Message>, bool) {
        let mut has_read = false;
        loop {
            if let Some(message) = self.take() {
                return (Some(message), has_read);
            }
            let read = self.page.load32(ANSWERS_READ);
            let waiting = self.page.load32(ANSWERS_WRITTEN).wrapping_sub(read);
            if waiting == 0 || waiting > RING {
                return (None, has_read);
            }
            let at = read % RING;
            let count = waiting.min(RING - at);
            let before = self.part.len();
            self.part.resize(before + count as usize, 0);
            self.page.read(ANSWERS + at as usize, self.part.get_mut(before..).unwrap_or_default());
            fence();
            self.page.store32(ANSWERS_READ, read.wrapping_add(count));
            has_read = true;
        }
    }

    /// Takes a message off what has come. One that is too long loses everything before it: there is no way to tell where
    /// the next one begins.
    fn take(&mut self) -> Option<Message> {
        let field =
            |index: usize| self.part.get(index * 4..index * 4 + 4)?.first_chunk().copied().map(u32::from_le_bytes);
        let (kind, number, length) = (field(0)?, field(1)?, field(3)? as usize);
        if length > MOST {
            self.part.clear();
            return None;
        }
        let body = self.part.get(HEADER..HEADER + length)?.to_vec();
        self.part.drain(..HEADER + length);
        Some(Message { kind, number, body })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    /// The store's end.
    fn answer(page: Shared, bytes: &[u8]) {
        for &byte in bytes {
            let written = page.load32(ANSWERS_WRITTEN);
            page.write(ANSWERS + (written % RING) as usize, &[byte]);
            page.store32(ANSWERS_WRITTEN, written.wrapping_add(1));
        }
    }

    #[test]
    fn messages_come_whole_however_they_come() {
        let page = Shared::new().expect("a page");
        let mut ring = Ring::new(page);
        for round in 0..20_u32 {
            let body = vec![round as u8; 100 + round as usize * 7];
            let bytes = encode(kind::READ, round, 0, &[&body[..50], &body[50..]]);
            let (first, rest) = bytes.split_at(round as usize);
            answer(page, first);
            assert_eq!(ring.read().0, None);
            answer(page, rest);
            assert_eq!(ring.read().0, Some(Message { kind: kind::READ, number: round, body }));
        }
    }

    #[test]
    fn what_is_too_long_for_the_ring_goes_in_parts() {
        let ring = Ring::new(Shared::new().expect("a page"));
        let bytes = vec![7; 1500];
        assert_eq!(ring.write(&bytes), 1024);
        assert_eq!(ring.write(&bytes), 0);
        ring.page.store32(REQUESTS_READ, 1000);
        assert_eq!(ring.write(&bytes[1024..]), 476);
    }

    proptest! {
        #[test]
        fn no_store_is_too_odd(fields: [u32; 4], page_bytes in prop::collection::vec(any::<u8>(), 1024), times in 1_usize..5) {
            let page = Shared::new().expect("a page");
            page.write(ANSWERS, &page_bytes);
            let places = [REQUESTS_READ, REQUESTS_WRITTEN, ANSWERS_READ, ANSWERS_WRITTEN];
            places.into_iter().zip(fields).for_each(|(at, value)| page.store32(at, value));
            let mut ring = Ring::new(page);
            for _ in 0..times {
                _ = ring.read();
                prop_assert!(ring.write(&[1; 2000]) <= 1024);
                prop_assert!(ring.part.len() <= HEADER + MOST + 1024);
            }
        }
    }
}
