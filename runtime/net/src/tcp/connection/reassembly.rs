//! What arrived out of order, and what is said of it (RFC 9293, 3.10.7.4; RFC 2018, 4).

use alloc::collections::VecDeque;

use crate::tcp::buffer::{Chunk, Pool};
use crate::tcp::{Sack, Seq};

/// Octets behind a gap.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// In order, none over another, each with the number of its first octet.
    pieces: VecDeque<(Seq, Chunk)>,
    /// What lies together, the part that grew last first.
    recent: Sack,
}

/// How many pieces are kept besides those that a window of full chunks needs: a peer that sends single octets with gaps
/// between them has each cost a chunk.
const PIECES_BESIDES: u32 = 64;

impl Late {
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Keeps the octets from `seq` on that are not there yet, as long as there are not too many pieces for `window`
    /// bytes. Returns whether all of them were there already.
    pub fn insert(&mut self, pool: &Pool, seq: Seq, bytes: &[u8], window: u32) -> bool {
        let most = (window / (Chunk::SIZE as u32 / 2) + PIECES_BESIDES) as usize;
        let (mut at, mut rest, mut known) = (seq, bytes, true);
        while !rest.is_empty() {
            let index = self.pieces.partition_point(|(start, _)| start.le(at));
            let room = match self.pieces.get(index) {
                Some((next, _)) => rest.len().min(next.distance(at) as usize),
                None => rest.len(),
            };
            let full = self.pieces.len() >= most;
            let before = index.checked_sub(1).and_then(|before| self.pieces.get_mut(before));
            let taken = match before {
                Some((start, chunk)) if end(*start, chunk).gt(at) => {
                    rest.len().min(end(*start, chunk).distance(at) as usize)
                }
                Some((start, chunk)) if end(*start, chunk) == at && chunk.room() > 0 => {
                    known = false;
                    chunk.append(&rest[..room])
                }
                _ if full => {
                    known = false;
                    break;
                }
                _ => {
                    known = false;
                    let mut chunk = pool.take();
                    let taken = chunk.append(&rest[..room]);
                    self.pieces.insert(index, (at, chunk));
                    taken
                }
            };
            at += u32::try_from(taken).unwrap_or(0);
            rest = &rest[taken..];
        }
        if at != seq {
            self.report(seq, at);
        }
        known
    }

    /// Puts a block in front of those that were reported before, together with those it touches (RFC 2018, 4).
    fn report(&mut self, mut left: Seq, mut right: Seq) {
        let mut others = Sack::default();
        for &(start, end) in self.recent.blocks() {
            if start.gt(right) || end.lt(left) {
                others.push((start, end));
            } else {
                left = left.earlier(start);
                right = right.later(end);
            }
        }
        self.recent = Sack::default();
        self.recent.push((left, right));
        others.blocks().iter().for_each(|&block| self.recent.push(block));
    }

    /// Takes the piece that goes on at `next`, if there is one; what of it came before is left out.
    pub fn pop(&mut self, next: Seq) -> Option<Chunk> {
        while let Some((start, _)) = self.pieces.front()
            && start.le(next)
        {
            let (start, mut chunk) = self.pieces.pop_front()?;
            chunk.consume(next.distance(start) as usize);
            if !chunk.is_empty() {
                return Some(chunk);
            }
        }
        None
    }

    /// The blocks to report, now that everything before `next` is in order.
    pub fn blocks(&mut self, next: Seq) -> Sack {
        let mut kept = Sack::default();
        for &(left, right) in self.recent.blocks() {
            if right.gt(next) {
                kept.push((left.later(next), right));
            }
        }
        self.recent = kept;
        kept
    }
}

fn end(start: Seq, chunk: &Chunk) -> Seq {
    start + u32::try_from(chunk.len()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{Late, Pool, Seq};

    fn content(seq: u32) -> u8 {
        (seq % 251) as u8
    }

    /// RFC 2018, 4: the block that grew last comes first.
    #[test]
    fn the_latest_block_is_reported_first() {
        let (mut late, pool) = (Late::default(), Pool::default());
        for at in [100, 300, 500, 150] {
            assert!(!late.insert(&pool, Seq(at), &[0; 50], 65535));
        }
        assert!(late.insert(&pool, Seq(120), &[0; 60], 65535));
        let blocks = late.blocks(Seq(0));
        assert_eq!(blocks.blocks(), [(Seq(100), Seq(200)), (Seq(500), Seq(550)), (Seq(300), Seq(350))]);
        assert_eq!(late.blocks(Seq(320)).blocks(), [(Seq(500), Seq(550)), (Seq(320), Seq(350))]);
    }

    proptest! {
        /// RFC 9293, 3.10.7.4: whatever overlaps, every octet is kept once.
        #[test]
        fn every_octet_is_kept_once(pieces in prop::collection::vec((0u32..30_000, 1u32..6000), 1..40)) {
            let base = Seq(u32::MAX - 10_000);
            let (mut late, pool) = (Late::default(), Pool::default());
            let mut there = [false; 40_000];
            for &(at, length) in &pieces {
                let bytes: Vec<u8> = (at..at + length).map(content).collect();
                let range = at as usize..(at + length) as usize;
                prop_assert_eq!(late.insert(&pool, base + at, &bytes, 1 << 20), there[range.clone()].iter().all(|&is| is));
                there[range].fill(true);
            }
            let mut next = 0u32;
            while next < 40_000 {
                match late.pop(base + next) {
                    Some(chunk) => for &byte in chunk.filled() {
                        prop_assert!(there[next as usize]);
                        prop_assert_eq!(byte, content(next));
                        next += 1;
                    },
                    None => {
                        prop_assert!(!there[next as usize]);
                        next += 1;
                    }
                }
            }
            prop_assert!(late.is_empty());
        }
    }
}
