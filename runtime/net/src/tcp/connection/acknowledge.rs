//! What an acknowledgment does to the sender (RFC 9293, 3.10.7.4, fifth).

use mirage::time::Instant;

use super::config::Changes;
use super::congestion::Acknowledged;
use super::sender::Sender;
use super::state::Connection;
use super::timers::Deadline;
use crate::tcp::{Segment, Seq};

/// What arrived, as one acknowledgment tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delivered {
    /// Bytes that are acknowledged for good now.
    pub advanced: u32,
    /// Bytes that are known to have arrived and were not before.
    pub bytes: u32,
    /// When the youngest of them was sent that was sent once only.
    sent: Option<Instant>,
    /// The peer got something twice.
    duplicate: bool,
    /// What that was, if it was believed lost.
    twice: Option<(Seq, Seq)>,
}

impl Connection {
    /// Takes an acknowledgment in; false if it cannot be one, and the segment is to be dropped. `pure`: it has neither
    /// payload nor FIN.
    pub(super) fn acknowledge(&mut self, segment: &Segment, ack: Seq, pure: bool, changes: &mut Changes) -> bool {
        let sender = &mut self.sender;
        if sender.probed && ack == sender.nxt + 1 {
            // The peer took the octet that asked for its window.
            sender.nxt = ack;
            sender.probed = false;
        }
        // RFC 5961, 5.2.
        if ack.gt(sender.nxt) || ack.lt(sender.una - sender.window_most) {
            changes.challenge = true;
            return false;
        }
        if ack.lt(sender.una) {
            return true;
        }
        let before = sender.window;
        sender.update_window(segment, ack);
        let same = sender.window == before;
        if sender.window == 0 {
            // RFC 9293, 3.8.6.1: whoever answers is there, however long its window stays shut.
            sender.progress = self.now;
        }
        let delivered = self.deliver(segment, ack);
        let mut lost = false;
        if delivered.bytes > 0 || delivered.advanced > 0 {
            self.timers.retransmit = Deadline::NONE;
        }
        if delivered.advanced > 0 {
            self.unreachable = false;
            self.sender.progress = self.now;
            self.sender.backoff = 0;
            self.sender.duplicates = 0;
            changes.writable |= self.is_writable();
        } else if !self.sack && pure && same && self.sender.flight() > 0 {
            lost |= self.count_duplicate();
        }
        self.undo_if_spurious(segment, delivered);
        if let Some(twice) = delivered.twice {
            self.undo_if_doubled(twice);
        }
        if self.sender.window > 0 && self.sender.flight() == 0 {
            self.sender.backoff = 0;
        }
        if self.sack {
            lost |= self.detect_loss();
        }
        let repeated = pure && delivered.advanced == 0 && segment.sack.is_empty();
        self.conclude_tail_probe(ack, delivered.duplicate || repeated);
        if lost {
            self.enter_recovery();
        }
        self.adjust_window(delivered, ack);
        true
    }

    /// Counts what arrived, and learns the round-trip time from it.
    fn deliver(&mut self, segment: &Segment, ack: Seq) -> Delivered {
        let (now, stamps) = (self.now, self.stamps);
        let echo = segment.timestamps.filter(|_| stamps.on).map(|timestamps| Seq(timestamps.echo));
        let Sender { board, rack, rtt, una, nxt, queue, tail, .. } = &mut self.sender;
        let mut delivered = Delivered { advanced: ack.distance(*una), ..Delivered::default() };
        let estimate = *rtt;
        let mut arrived = |sent: &super::scoreboard::Sent| {
            delivered.bytes += sent.len();
            if !sent.again {
                delivered.sent = Some(delivered.sent.map_or(sent.at, |at| at.max(sent.at)));
            }
            let genuine = echo.is_none_or(|echo| echo.ge(Seq(stamps.of(sent.at))));
            rack.arrived(sent, now, &estimate, genuine);
        };
        board.acknowledge(ack, &mut arrived);
        let blocks = if self.sack { segment.sack.blocks() } else { &[] };
        let duplicate = is_duplicate(blocks, ack);
        for &(left, right) in &blocks[usize::from(duplicate)..] {
            if left.lt(right) && left.ge(ack) && right.le(*nxt) {
                board.sack(left, right, &mut arrived);
            }
        }
        delivered.duplicate = duplicate;
        *una = ack;
        queue.acknowledge(ack);
        // RFC 8985, 6.2, step 4: what was late, unless it is what a probe sent again without believing it lost.
        let probed = |(_, right): &(Seq, Seq)| tail.is_some_and(|(end, again)| again && *right == end);
        delivered.twice = blocks.first().copied().filter(|block| duplicate && !probed(block));
        if delivered.twice.is_some() {
            rack.duplicate(ack, *nxt);
        }
        if let Some(at) = delivered.sent {
            rtt.sample(now.since(at));
            self.receiver.note_round_trip(now.since(at));
        }
        delivered
    }

    /// RACK looks for what is lost (RFC 8985, 6.2, step 5).
    pub(super) fn detect_loss(&mut self) -> bool {
        let recovering = self.sender.is_recovering();
        let Sender { board, rack, rtt, mss, .. } = &mut self.sender;
        if board.sacked() == 0 && !board.any_again() {
            self.timers.reorder = Deadline::NONE;
            return false;
        }
        let eager = recovering || board.sacked() >= 3 * u32::from(*mss);
        let (lost, next) = rack.detect(board, self.now, rtt, eager);
        self.timers.reorder = next;
        lost
    }

    /// RFC 5681, 3.2, and RFC 6582, 3.2, for a peer without SACK: the third duplicate means a loss.
    fn count_duplicate(&mut self) -> bool {
        let sender = &mut self.sender;
        sender.duplicates = sender.duplicates.saturating_add(1);
        sender.duplicates == 3 && !sender.is_recovering() && sender.board.lose_first(sender.mss.into())
    }

    /// RFC 8985, 7.4.2: whether a tail loss probe repaired a loss that nobody saw.
    fn conclude_tail_probe(&mut self, ack: Seq, duplicate: bool) {
        let Some((end, again)) = self.sender.tail else { return };
        if ack.lt(end) {
            return;
        }
        if !again || duplicate {
            self.sender.tail = None;
        } else if ack.gt(end) {
            self.sender.tail = None;
            let (flight, mss) = (self.sender.flight(), u32::from(self.sender.mss));
            if !self.sender.is_recovering() {
                let congestion = &mut self.sender.congestion;
                congestion.reduce(flight.max(congestion.window), mss);
                congestion.window = congestion.window.min(congestion.threshold);
            }
        }
    }

    /// The congestion window after it.
    fn adjust_window(&mut self, delivered: Delivered, ack: Seq) {
        if self.sender.is_recovering() && !self.go_on_recovering(delivered, ack) {
            return;
        }
        let sender = &mut self.sender;
        if delivered.advanced == 0 || !(sender.limited || sender.is_recovering()) {
            return;
        }
        let micros = |duration: core::time::Duration| u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
        let news = Acknowledged {
            now: self.now,
            bytes: delivered.advanced,
            una: ack,
            nxt: sender.nxt,
            mss: sender.mss.into(),
            sample: delivered.sent.map(|at| micros(self.now.since(at))),
            smoothed: micros(sender.rtt.smoothed().unwrap_or_default()),
        };
        sender.congestion.acknowledged(&news);
    }
}

impl Sender {
    /// RFC 9293, 3.10.7.4, fifth: an older segment does not change the window.
    fn update_window(&mut self, segment: &Segment, ack: Seq) {
        if self.wl1.lt(segment.seq) || self.wl1 == segment.seq && self.wl2.le(ack) {
            self.window = u32::from(segment.window) << self.scale;
            self.window_most = self.window_most.max(self.window);
            self.wl1 = segment.seq;
            self.wl2 = ack;
        }
    }
}

/// RFC 2883, 4: whether the first block tells of something that came twice, being acknowledged already or part of the
/// second.
fn is_duplicate(blocks: &[(Seq, Seq)], ack: Seq) -> bool {
    match blocks {
        [(left, _), ..] if left.lt(ack) => true,
        [(left, right), (outer_left, outer_right), ..] => left.ge(*outer_left) && right.le(*outer_right),
        _ => false,
    }
}
