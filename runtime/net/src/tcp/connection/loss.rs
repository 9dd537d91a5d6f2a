//! Repairing a loss: how much may be sent meanwhile (RFC 6937), when it is over, and when it was none (RFC 3522).

use alloc::vec::Vec;

use super::acknowledge::Delivered;
use super::congestion::Congestion;
use super::sender::Sender;
use super::state::Connection;
use super::timers::Deadline;
use crate::tcp::{Segment, Seq};

/// How many repairs that are over may turn out to have been none.
const PAST_MOST: usize = 8;

/// What is known of losses, while anything is.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The one under repair.
    current: Option<Recovery>,
    /// Those before it, the last one last. What they sent again may have been late, not lost; where octets can be late by
    /// more than a round trip, that is known only when the next is under repair (RFC 3708).
    past: Vec<Doubt>,
}

/// A loss is being repaired.
#[derive(Debug)]
pub(super) struct Recovery {
    cause: Cause,
    /// Bytes that arrived since, bytes sent since, bytes in flight when it began (RFC 6937, 3).
    delivered: u32,
    pub sent: u32,
    flight: u32,
    /// The timestamp of the first octets sent again.
    stamp: Option<u32>,
    doubt: Doubt,
}

/// What undoes the answer to a loss that was none.
#[derive(Debug)]
struct Doubt {
    /// What was in flight when it began: it is over when all of that is acknowledged (RecoveryPoint).
    from: Seq,
    until: Seq,
    /// What was sent again, some of it perhaps sent first while that went on, ends here; how many bytes of it the peer does
    /// not say it had.
    end: Seq,
    again: u32,
    /// What the congestion window was before, and the threshold it fell to.
    before: Congestion,
    reduced: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Later octets arrived.
    Overtaken,
    /// Nothing arrived for too long.
    TimedOut,
    /// The path takes smaller segments only, which is no sign of congestion (RFC 1191, 6.3).
    Path,
}

impl Losses {
    pub fn current(&mut self) -> Option<&mut Recovery> {
        self.current.as_mut()
    }

    pub fn is_recovering(&self) -> bool {
        self.current.is_some()
    }

    fn is_empty(&self) -> bool {
        self.current.is_none() && self.past.is_empty()
    }

    /// The loss is repaired; nothing more is known of it than whether it was one.
    fn conclude(&mut self) {
        let Some(Recovery { cause: Cause::Overtaken, doubt, .. }) = self.current.take() else { return };
        if doubt.again > 0 {
            if self.past.len() == PAST_MOST {
                self.past.remove(0);
            }
            self.past.push(doubt);
        }
    }
}

impl Recovery {
    /// Octets were sent again, with this timestamp.
    pub fn sent_again(&mut self, start: Seq, end: Seq, stamp: u32) {
        let (bytes, doubt) = (end.distance(start), &mut self.doubt);
        self.sent = self.sent.saturating_add(bytes);
        (doubt.again, doubt.end) = (doubt.again.saturating_add(bytes), doubt.end.later(end));
        self.stamp.get_or_insert(stamp);
    }
}

impl Doubt {
    /// The peer has got these octets twice: whether that is so now of all that was sent again.
    fn settle(&mut self, (left, right): (Seq, Seq)) -> bool {
        let before = self.again;
        self.again = before.saturating_sub(right.distance(left));
        before > 0 && self.again == 0
    }

    fn covers(&self, (left, right): (Seq, Seq)) -> bool {
        left.ge(self.from) && right.le(self.end) && left.lt(right)
    }
}

impl Connection {
    fn recovery(&self, cause: Cause) -> Recovery {
        let sender = &self.sender;
        let before = sender.congestion.clone();
        let reduced = before.window;
        let doubt = Doubt { from: sender.una, until: sender.nxt, end: sender.una, again: 0, before, reduced };
        Recovery { cause, delivered: 0, sent: 0, flight: sender.flight().max(1), stamp: None, doubt }
    }

    /// Something is lost; once per window that makes it smaller.
    pub(super) fn enter_recovery(&mut self) {
        if self.sender.recovery_mut().is_some_and(|recovery| recovery.cause != Cause::Path) {
            return;
        }
        let mut recovery = self.recovery(Cause::Overtaken);
        let sender = &mut self.sender;
        if sender.limited && sender.congestion.window > recovery.flight {
            // Acknowledgments come in batches, and nothing was sent since the first of this one: what those before the
            // loss made room for was in flight as well (RFC 9438, 4.6), and is delivered without having been answered
            // (RFC 6937, 3).
            recovery.delivered = sender.congestion.window - recovery.flight;
            recovery.flight = sender.congestion.window;
        }
        sender.congestion.reduce(recovery.flight, sender.mss.into());
        recovery.doubt.reduced = sender.congestion.threshold;
        sender.losses.get_or_insert_default().current = Some(recovery);
        sender.tail = None;
    }

    /// RFC 6298, 5.4 to 5.6: nothing arrived for too long, so all that is in flight is taken for lost.
    pub(super) fn time_out(&mut self) {
        let mss = u32::from(self.sender.mss);
        let recovery = self.recovery(Cause::TimedOut);
        let sender = &mut self.sender;
        sender.backoff = sender.backoff.saturating_add(1);
        sender.tail = None;
        sender.duplicates = 0;
        if sender.board.front().is_some_and(|sent| sent.sacked) {
            sender.board.renege();
        }
        match &mut sender.losses.get_or_insert_default().current {
            Some(recovery) if recovery.cause == Cause::TimedOut => {
                recovery.doubt.until = sender.nxt;
                sender.congestion.window = mss;
            }
            place => {
                let mut recovery = recovery;
                let threshold = sender.congestion.threshold;
                sender.congestion.timed_out(recovery.flight, mss);
                if place.as_ref().is_some_and(|recovery| recovery.cause == Cause::Overtaken) {
                    // It fell for this loss already.
                    recovery.doubt.before.window = threshold;
                    sender.congestion.threshold = threshold;
                }
                *place = Some(recovery);
            }
        }
        sender.board.lose(|_| true);
        self.timers.reorder = Deadline::NONE;
    }

    /// Segments are smaller from now on: what does not fit is sent again.
    pub(super) fn recover_from_path(&mut self) {
        let mss = u32::from(self.sender.mss);
        if self.sender.board.lose(|sent| sent.len() > mss) && !self.sender.is_recovering() {
            let recovery = self.recovery(Cause::Path);
            self.sender.losses.get_or_insert_default().current = Some(recovery);
        }
    }

    /// Goes on with a recovery, or ends it: whether the window may grow as ever.
    pub(super) fn go_on_recovering(&mut self, delivered: Delivered, ack: Seq) -> bool {
        let (sack, pipe) = (self.sack, self.sender.pipe());
        let sender = &mut self.sender;
        let mss = u32::from(sender.mss);
        let Some(losses) = sender.losses.as_deref_mut() else { return true };
        let Some(recovery) = &mut losses.current else { return true };
        if ack.ge(recovery.doubt.until) {
            if recovery.cause == Cause::Overtaken {
                sender.congestion.window = sender.congestion.threshold;
                sender.rack.recovered();
            }
            losses.conclude();
            sender.forget_losses();
            sender.duplicates = 0;
            return false;
        }
        if recovery.cause != Cause::Overtaken {
            return true;
        }
        let mut pipe = pipe;
        if !sack && delivered.advanced > 0 {
            // RFC 6582, 3.2, step 3: a partial acknowledgment means that the next octets are lost, too.
            let before = sender.board.lost();
            sender.board.lose_first(mss);
            pipe = pipe.saturating_sub(sender.board.lost() - before);
        }
        let bytes = if sack || delivered.advanced > 0 { delivered.bytes } else { mss };
        recovery.delivered = recovery.delivered.saturating_add(bytes);
        let threshold = sender.congestion.threshold;
        let allowed = if pipe > threshold {
            let share = u64::from(recovery.delivered) * u64::from(threshold);
            let share = share.div_ceil(u64::from(recovery.flight));
            u32::try_from(share).unwrap_or(u32::MAX).saturating_sub(recovery.sent)
        } else {
            let limit = recovery.delivered.saturating_sub(recovery.sent).max(bytes) + mss;
            limit.min(threshold - pipe)
        };
        // The first octets are sent again whatever the window says.
        let allowed = if recovery.sent == 0 { allowed.max(mss) } else { allowed };
        sender.congestion.window = pipe + allowed;
        false
    }

    /// Ends a recovery from octets that were late, not lost. They were if the acknowledgment echoes a timestamp from before
    /// anything was sent again (RFC 3522), and if nothing was sent again before all of them arrived.
    pub(super) fn undo_if_spurious(&mut self, segment: &Segment, delivered: Delivered) {
        let echo = segment.timestamps.filter(|_| self.stamps.on && delivered.advanced > 0).map(|stamps| stamps.echo);
        let lost = self.sender.board.lost();
        let Some(recovery) = self.sender.recovery_mut() else { return };
        let late = match recovery.stamp {
            Some(stamp) => echo.is_some_and(|echo| Seq(echo).lt(Seq(stamp))),
            None => recovery.cause == Cause::Overtaken && lost == 0,
        };
        if !late {
            return;
        }
        let sender = &mut self.sender;
        let Some(recovery) = sender.losses.as_mut().and_then(|losses| losses.current.take()) else { return };
        sender.congestion = recovery.doubt.before;
        sender.rack.reordering = true;
        sender.board.restore();
        sender.forget_losses();
    }

    /// RFC 3708 and RFC 2883: the peer has got these octets twice. Once that is so of all that a recovery sent again, they
    /// were late, not lost, also when they came later than what was sent again.
    pub(super) fn undo_if_doubled(&mut self, twice: (Seq, Seq)) {
        let sender = &mut self.sender;
        let Some(losses) = sender.losses.as_deref_mut() else { return };
        let Losses { current, past } = losses;
        let congestion = &mut sender.congestion;
        match current {
            Some(Recovery { cause: Cause::Overtaken, doubt, .. }) if doubt.covers(twice) => {
                if !doubt.settle(twice) {
                    return;
                }
                if congestion.window < doubt.before.window {
                    *congestion = doubt.before.clone();
                }
                *current = None;
                sender.board.restore();
            }
            _ => {
                let Some(index) = past.iter_mut().position(|doubt| doubt.covers(twice) && doubt.settle(twice)) else {
                    return;
                };
                let Doubt { before, reduced, .. } = past.remove(index);
                let shrunk = (before.window, reduced);
                let mut later = past[index..].iter_mut().chain(current.as_mut().map(|recovery| &mut recovery.doubt));
                match later.next() {
                    None if congestion.window < before.window => *congestion = before,
                    None => {}
                    // What was lost later was lost from a window that had not become smaller before.
                    Some(next) => {
                        next.before.grow(shrunk);
                        next.before.threshold = next.before.threshold.max(before.threshold);
                        later.for_each(|doubt| doubt.before.grow(shrunk));
                        let window = congestion.window;
                        congestion.grow(shrunk);
                        if current.is_some() {
                            // As long as something is repaired, the window follows the threshold (RFC 6937).
                            congestion.window = window;
                        }
                    }
                }
            }
        }
        sender.forget_losses();
    }
}

impl Sender {
    /// Keeps nothing of losses when there is nothing to keep.
    fn forget_losses(&mut self) {
        if self.losses.as_ref().is_some_and(|losses| losses.is_empty()) {
            self.losses = None;
        }
    }
}
