//! The receiving half: what came in order and waits for the reader, the window, and when to acknowledge.

use alloc::boxed::Box;
use core::time::Duration;

use mirage::time::Instant;

use super::reassembly::Late;
use crate::tcp::buffer::{Chunk, Pool, Queue};
use crate::tcp::{Sack, Seq};

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The next octet in order (RCV.NXT).
    pub nxt: Seq,
    /// The end of the window, as it was announced.
    pub edge: Seq,
    /// How many bits our windows are shifted.
    pub scale: u8,
    /// How many bytes there may be.
    pub capacity: u32,
    /// How many bytes there are that the reader has not consumed.
    pub occupied: u32,
    queue: Queue,
    late: Option<Box<Late>>,
    /// Where the stream ends, once that is known.
    pub fin: Option<Seq>,
    /// Bytes that are in order and not acknowledged.
    pub unacknowledged: u32,
    /// An acknowledgment is due at once.
    pub due: bool,
    /// How many more segments are acknowledged at once, because some were lost lately: the peer's window is small.
    pub quick: u8,
    /// The largest segment seen (RFC 5681, 4.2, counts full-sized ones).
    pub largest: u16,
    /// What came twice (RFC 2883).
    pub duplicate: Option<(Seq, Seq)>,
    /// The acknowledgment sent last (Last.ACK.sent of RFC 7323).
    pub acknowledged: Seq,
    /// What lies behind this edge was sent after it was announced: it tells a round trip.
    sent_behind: Seq,
    tuning: Tuning,
}

/// How fast the reader is: the window is to be three times what it takes in a round trip.
#[derive(Clone, Copy, Debug)]
struct Tuning {
    /// What it took since when.
    since: Instant,
    consumed: u32,
    /// The shortest round trip as a receiver sees them, in microseconds.
    round_trip: u32,
    /// When the edge was announced that tells the next one.
    announced: Instant,
}

/// How many segments are acknowledged at once after one that was out of order, or came after a long silence: the peer's
/// window is small then, perhaps one segment (RFC 5681, 3.1), and grows with each acknowledgment.
pub(super) const QUICK: u8 = 16;

impl Receiver {
    pub fn new(now: Instant, nxt: Seq, window: u32, scale: u8) -> Self {
        Self {
            nxt,
            edge: nxt + window.min(0xffff),
            scale,
            capacity: window,
            occupied: 0,
            queue: Queue::default(),
            late: None,
            fin: None,
            unacknowledged: 0,
            due: false,
            quick: 0,
            largest: 0,
            duplicate: None,
            acknowledged: nxt,
            sent_behind: nxt + window.min(0xffff),
            tuning: Tuning { since: now, consumed: 0, round_trip: u32::MAX, announced: now },
        }
    }

    /// The window announced, in bytes.
    pub fn window(&self) -> u32 {
        u32::try_from(self.edge - self.nxt).unwrap_or(0)
    }

    /// Whether something waits out of order.
    pub fn has_gaps(&self) -> bool {
        self.late.is_some()
    }

    /// RFC 9293, 3.10.7.4, first: whether a segment of `length` from `seq` on touches the window.
    pub fn is_acceptable(&self, seq: Seq, length: u32) -> bool {
        let (window, end) = (self.window(), seq + length);
        match (length, window) {
            (0, 0) => seq == self.nxt,
            (0, _) => seq.ge(self.nxt) && seq.lt(self.edge),
            (_, 0) => false,
            // One that begins before the window and ends behind it is good, too: devices put segments together.
            _ => seq.lt(self.edge) && end.gt(self.nxt),
        }
    }

    /// A round trip took no longer than this.
    pub fn note_round_trip(&mut self, took: Duration) {
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.tuning.round_trip = self.tuning.round_trip.min(took);
    }

    /// Takes octets in that touch the window; whether there is more to read.
    pub fn take_in(&mut self, now: Instant, pool: &Pool, seq: Seq, payload: &[u8]) -> bool {
        if payload.is_empty() {
            return false;
        }
        let end = seq + u32::try_from(payload.len()).unwrap_or(0);
        if seq.lt(self.nxt) {
            self.duplicate = Some((seq, end.earlier(self.nxt)));
            self.due = true;
            self.quick = QUICK;
        }
        let skipped = self.nxt.later(seq).distance(seq) as usize;
        let limit = self.fin.map_or(self.edge, |fin| fin.earlier(self.edge));
        let kept = if end.gt(limit) { limit.later(seq).distance(seq) as usize } else { payload.len() };
        let Some(bytes) = payload.get(skipped..kept).filter(|bytes| !bytes.is_empty()) else {
            self.due = true;
            return false;
        };
        let seq = self.nxt.later(seq);
        if seq == self.nxt {
            self.queue.append(pool, bytes);
            self.moved(bytes.len());
            self.fill_gap();
            // Up to the edge, all may have been sent before it was announced.
            if self.nxt.gt(self.sent_behind) {
                self.note_round_trip(now.since(self.tuning.announced));
                (self.sent_behind, self.tuning.announced) = (self.edge.later(self.nxt), now);
            }
            return true;
        }
        self.due = true;
        self.quick = QUICK;
        let window = self.capacity;
        let late = self.late.get_or_insert_with(Box::default);
        if late.insert(pool, seq, bytes, window) {
            self.duplicate = Some((seq, seq + u32::try_from(bytes.len()).unwrap_or(0)));
        }
        false
    }

    fn moved(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(0);
        self.nxt += bytes;
        self.occupied += bytes;
        self.unacknowledged += bytes;
    }

    /// Moves what waited out of order behind what is in order now.
    fn fill_gap(&mut self) {
        let Some(mut late) = self.late.take() else { return };
        // RFC 5681, 4.2: whatever fills a gap is acknowledged at once.
        self.due = true;
        while let Some(chunk) = late.pop(self.nxt) {
            self.moved(chunk.len());
            self.queue.push(chunk);
        }
        if !late.is_empty() {
            self.late = Some(late);
        }
    }

    /// The front of what waits for the reader.
    pub fn pop(&mut self) -> Option<Chunk> {
        self.queue.pop()
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The blocks to report (RFC 2018, 4), first what came twice (RFC 2883, 4).
    pub fn blocks(&mut self, most: u8) -> Sack {
        let mut sack = Sack::none(self.nxt);
        if let Some(duplicate) = self.duplicate {
            sack.push(duplicate);
        }
        if let Some(late) = &mut self.late {
            late.blocks(self.nxt).blocks().iter().for_each(|&block| sack.push(block));
        }
        sack.truncate(most);
        sack
    }

    /// The end of the window to announce: it never moves back, and forward by a good piece only (RFC 9293, 3.8.6.2.2).
    fn next_edge(&self, mss: u32) -> Seq {
        let edge = self.nxt + self.capacity.saturating_sub(self.occupied);
        let growth = edge - self.edge;
        if growth >= i32::try_from((self.capacity / 2).min(mss)).unwrap_or(i32::MAX) { edge } else { self.edge }
    }

    /// The window as it goes into a header. What the scale cannot express is left out, but honoured if it was announced
    /// before (RFC 7323, 2.4).
    pub fn announce(&mut self, mss: u32) -> u16 {
        let window = u32::try_from(self.next_edge(mss) - self.nxt).unwrap_or(0) >> self.scale;
        let window = u16::try_from(window).unwrap_or(u16::MAX);
        self.edge = self.edge.later(self.nxt + (u32::from(window) << self.scale));
        window
    }

    /// The window as it was announced.
    pub fn announced(&self) -> u16 {
        u16::try_from(self.window() >> self.scale).unwrap_or(u16::MAX)
    }

    /// The reader has consumed `bytes`: whether the window grew so much that the peer is to be told.
    pub fn consumed(&mut self, now: Instant, bytes: usize, mss: u32, most: u32) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.occupied);
        self.occupied -= bytes;
        self.tune(now, bytes, mss, most);
        let edge = self.next_edge(mss);
        let growth = u32::try_from(edge - self.edge).unwrap_or(0);
        growth > 0 && growth >= (self.capacity / 4).max((2 * mss).min(self.capacity / 2))
    }

    /// A reader that takes a third of the window within the shortest of round trips could take more than it allows
    /// (dynamic right-sizing). A third: a sender that begins has doubled what it sends by the time it knows the window
    /// (RFC 5681, 3.1), and most round trips are longer than the shortest.
    fn tune(&mut self, now: Instant, bytes: u32, mss: u32, most: u32) {
        let tuning = &mut self.tuning;
        if tuning.round_trip == u32::MAX {
            return;
        }
        if now.since(tuning.since) >= Duration::from_micros(tuning.round_trip.into()) {
            (tuning.since, tuning.consumed) = (now, 0);
        }
        tuning.consumed = tuning.consumed.saturating_add(bytes);
        let wanted = tuning.consumed.saturating_mul(3).saturating_add(16 * mss);
        self.capacity = self.capacity.max(wanted.min(most));
    }

    /// Throws away what nobody will read; whether there was any.
    pub fn clear(&mut self) -> bool {
        let unread = self.occupied > 0;
        self.queue = Queue::default();
        self.late = None;
        self.occupied = 0;
        unread
    }
}
