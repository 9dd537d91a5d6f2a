//! Repairing a loss: how much may be sent meanwhile (RFC 6937), when it is over, and when it was none (RFC 3522).

use super::acknowledge::Delivered;
use super::congestion::Congestion;
use super::state::Connection;
use super::timers::Deadline;
use crate::tcp::{Segment, Seq};

/// A loss is being repaired.
#[derive(Debug)]
pub(super) struct Recovery {
    /// It is over when this is acknowledged (RecoveryPoint).
    until: Seq,
    cause: Cause,
    /// Bytes that arrived since, bytes sent since, bytes in flight when it began (RFC 6937, 3).
    delivered: u32,
    pub sent: u32,
    flight: u32,
    /// What the congestion window was before.
    before: Congestion,
    /// The timestamp of the first octets sent again.
    pub stamp: Option<u32>,
    /// What was in flight when it began begins here, and how many bytes of it were sent again that the peer does not say
    /// it had.
    from: Seq,
    pub again: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Later octets arrived.
    Overtaken,
    /// Nothing arrived for too long.
    TimedOut,
    /// The path takes smaller segments only, which is no sign of congestion (RFC 1191, 6.3).
    Path,
    /// It is over. What still comes of it may show that nothing was lost.
    Past,
}

impl Recovery {
    pub fn is_over(&self) -> bool {
        self.cause == Cause::Past
    }
}

impl Connection {
    fn recovery(&self, cause: Cause) -> Recovery {
        let sender = &self.sender;
        Recovery {
            until: sender.nxt,
            cause,
            delivered: 0,
            sent: 0,
            flight: sender.flight().max(1),
            before: sender.congestion.clone(),
            stamp: None,
            from: sender.una,
            again: 0,
        }
    }

    /// Something is lost; once per window that makes it smaller.
    pub(super) fn enter_recovery(&mut self) {
        if self.sender.recovery.as_ref().is_some_and(|recovery| !matches!(recovery.cause, Cause::Path | Cause::Past)) {
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
        sender.recovery = Some(recovery.into());
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
        match &mut sender.recovery {
            Some(recovery) if recovery.cause == Cause::TimedOut => {
                recovery.until = sender.nxt;
                sender.congestion.window = mss;
            }
            place => {
                let mut recovery = recovery;
                let threshold = sender.congestion.threshold;
                sender.congestion.timed_out(recovery.flight, mss);
                if place.as_ref().is_some_and(|recovery| recovery.cause == Cause::Overtaken) {
                    // It fell for this loss already.
                    recovery.before.window = threshold;
                    sender.congestion.threshold = threshold;
                }
                *place = Some(recovery.into());
            }
        }
        sender.board.lose(|_| true);
        self.timers.reorder = Deadline::NONE;
    }

    /// Segments are smaller from now on: what does not fit is sent again.
    pub(super) fn recover_from_path(&mut self) {
        let mss = u32::from(self.sender.mss);
        if self.sender.board.lose(|sent| sent.len() > mss) && !self.sender.is_recovering() {
            self.sender.recovery = Some(self.recovery(Cause::Path).into());
        }
    }

    /// Goes on with a recovery, or ends it: whether the window may grow as ever.
    pub(super) fn go_on_recovering(&mut self, delivered: Delivered, ack: Seq) -> bool {
        let (sack, pipe) = (self.sack, self.sender.pipe());
        let sender = &mut self.sender;
        let mss = u32::from(sender.mss);
        let Some(recovery) = sender.recovery.as_deref_mut().filter(|recovery| !recovery.is_over()) else { return true };
        if ack.ge(recovery.until) {
            if recovery.cause == Cause::Overtaken {
                sender.congestion.window = sender.congestion.threshold;
                sender.rack.recovered();
            }
            if recovery.cause == Cause::Overtaken && recovery.again > 0 {
                recovery.cause = Cause::Past;
            } else {
                sender.recovery = None;
            }
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

    /// RFC 3522: the acknowledgment echoes a timestamp from before anything was sent again, so the octets were late,
    /// not lost.
    pub(super) fn undo_if_spurious(&mut self, segment: &Segment) {
        let stamp = self.sender.recovery_mut().and_then(|recovery| recovery.stamp);
        let (Some(timestamps), Some(stamp)) = (segment.timestamps.filter(|_| self.stamps.on), stamp) else {
            return;
        };
        if !Seq(timestamps.echo).lt(Seq(stamp)) {
            return;
        }
        let sender = &mut self.sender;
        let Some(recovery) = sender.recovery.take() else { return };
        sender.congestion = recovery.before;
        sender.rack.reordering = true;
        sender.board.restore();
    }

    /// RFC 3708 and RFC 2883: the peer has got these octets twice. Once that is so of all that a recovery sent again, they
    /// were late, not lost, also when they came later than what was sent again.
    pub(super) fn undo_if_doubled(&mut self, (left, right): (Seq, Seq)) {
        let sender = &mut self.sender;
        let Some(recovery) = sender.recovery.as_deref_mut() else { return };
        let counts = matches!(recovery.cause, Cause::Overtaken | Cause::Past);
        if !counts || left.lt(recovery.from) || right.gt(recovery.until) || right.le(left) {
            return;
        }
        let before = recovery.again;
        recovery.again = before.saturating_sub(right.distance(left));
        if before == 0 || recovery.again > 0 {
            return;
        }
        let Some(recovery) = sender.recovery.take() else { return };
        if !recovery.is_over() {
            sender.board.restore();
        }
        if sender.congestion.window < recovery.before.window {
            sender.congestion = recovery.before;
        }
    }
}
