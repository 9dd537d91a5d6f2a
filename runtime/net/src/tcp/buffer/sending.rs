//! Octets that are to be sent, or were sent and may have to be again.

#[cfg(test)]
use super::Pool;
use super::{Chunk, Few};
use crate::tcp::Seq;

/// A queue of chunks in which octets are found by their sequence number.
#[derive(Debug)]
pub struct Sending {
    /// Each with the number of its first octet.
    chunks: Few<(Seq, Chunk)>,
    start: Seq,
    end: Seq,
}

/// How many chunks one segment may come from: 64 KiB of them, cut at both ends, and room for some that are not full.
const PARTS: usize = 24;

/// The parts of a segment's payload.
pub type Payload<'a> = heapless::Vec<&'a [u8], PARTS>;

impl Sending {
    /// An empty queue whose first octet will be `start`.
    pub fn new(start: Seq) -> Self {
        Self { chunks: Few::default(), start, end: start }
    }

    /// The number behind its last octet.
    pub fn end(&self) -> Seq {
        self.end
    }

    /// How many bytes it holds.
    pub fn len(&self) -> u32 {
        self.end.distance(self.start)
    }

    /// Adds a chunk; what fits behind the last one is copied there.
    pub fn push(&mut self, chunk: Chunk) {
        let length = u32::try_from(chunk.len()).unwrap_or(0);
        if length == 0 {
            return;
        }
        match self.chunks.back_mut() {
            Some((_, last)) if last.room() >= chunk.len() => {
                last.append(chunk.filled());
            }
            _ => self.chunks.push_back((self.end, chunk)),
        }
        self.end += length;
    }

    /// Forgets what comes before `seq`.
    pub fn acknowledge(&mut self, seq: Seq) {
        let seq = seq.earlier(self.end);
        if seq.le(self.start) {
            return;
        }
        self.start = seq;
        while let Some((at, chunk)) = self.chunks.front_mut() {
            let passed = seq.distance(*at) as usize;
            if seq.le(*at) {
                break;
            }
            if passed < chunk.len() {
                chunk.consume(passed);
                *at = seq;
                break;
            }
            self.chunks.pop_front();
        }
    }

    /// Adds the parts of `length` octets from `seq` on, as far as there is room for them; how many bytes they have.
    pub fn parts<'a>(&'a self, seq: Seq, length: u32, parts: &mut Payload<'a>) -> u32 {
        let (mut found, mut at) = (0, seq);
        let first = self.chunks.partition_point(|(start, _)| start.le(seq)).saturating_sub(1);
        for (start, chunk) in self.chunks.iter_from(first) {
            let skipped = at.distance(*start) as usize;
            let bytes = chunk.filled().get(skipped..).unwrap_or_default();
            let bytes = &bytes[..bytes.len().min((length - found) as usize)];
            if bytes.is_empty() || parts.push(bytes).is_err() {
                break;
            }
            found += u32::try_from(bytes.len()).unwrap_or(0);
            at = seq + found;
        }
        found
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.end);
    }

    /// Copies `bytes` to the end; for tests.
    #[cfg(test)]
    pub fn append(&mut self, pool: &Pool, bytes: &[u8]) {
        for bytes in bytes.chunks(Chunk::SIZE) {
            let mut chunk = pool.take();
            chunk.append(bytes);
            self.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Payload, Pool, Sending, Seq};

    #[test]
    fn octets_are_found_by_their_number() {
        let pool = Pool::default();
        let bytes: Vec<u8> = (0..20_000u32).map(|at| (at % 251) as u8).collect();
        let mut queue = Sending::new(Seq(u32::MAX - 5000));
        for piece in bytes.chunks(1500) {
            queue.append(&pool, piece);
        }
        assert_eq!(queue.len(), 20_000);
        for acked in [0u32, 1, 1499, 1500, 7000, 19_999] {
            queue.acknowledge(Seq(u32::MAX - 5000) + acked);
            for (at, length) in [(acked, 1), (acked, 9000), (acked + 1, 4096), (15_000, 5000)] {
                let length = length.min(20_000 - at.min(20_000));
                let mut parts = Payload::new();
                let found = queue.parts(Seq(u32::MAX - 5000) + at, length, &mut parts);
                if at >= acked && length > 0 {
                    assert_eq!(found, length);
                    assert_eq!(parts.concat(), bytes[at as usize..(at + length) as usize]);
                }
            }
        }
        queue.acknowledge(queue.end() + 1);
        assert_eq!((queue.len(), queue.chunks.iter().count()), (0, 0));
    }
}
