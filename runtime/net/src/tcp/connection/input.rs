//! Arrival of a segment (RFC 9293, 3.10.7).

use core::time::Duration;

use mirage::time::Instant;

use super::config::Changes;
use super::receiver::QUICK;
use super::rtt::RTO_LEAST;
use super::state::{Connection, State};
use super::timers::{DELAYED_ACK, Deadline};
use crate::Error;
use crate::tcp::{Segment, Seq};

/// A full segment counts as one from this size on, however small they all are.
const FULL_LEAST: u16 = 536;

impl Connection {
    /// A segment of this connection has come, its checksum good. `coalesced` is the payload size of the segments it was
    /// put together from, in bytes; 0 if it came as it is.
    pub fn input(&mut self, now: Instant, segment: &Segment, payload: &[u8], coalesced: u16) -> Changes {
        self.now = now;
        let mut changes = Changes::default();
        match self.state {
            State::Closed => changes.refuse = !segment.rst,
            State::SynSent => self.arrive_at_syn_sent(segment, &mut changes),
            _ => self.arrive(segment, payload, coalesced, &mut changes),
        }
        self.arm();
        changes.dirty |= self.is_dirty();
        changes
    }

    /// RFC 9293, 3.10.7.4.
    fn arrive(&mut self, segment: &Segment, payload: &[u8], coalesced: u16, changes: &mut Changes) {
        if self.state == State::SynReceived && self.is_crossed_syn_ack(segment) {
            self.open(segment, changes);
            self.receiver.due = true;
            return;
        }
        let length = segment.length(payload.len());
        if !self.is_recent(segment) {
            // Octets that were sent again because they were late have older timestamps than what came in their place.
            self.note_duplicate(segment, length);
            return;
        }
        let mut payload = payload;
        let mut fin = segment.fin;
        if !self.receiver.is_acceptable(segment.seq, length) {
            if segment.seq != self.receiver.nxt || segment.rst || segment.syn {
                self.answer_unacceptable(segment, length, changes);
                return;
            }
            // First: with no window at all, a valid acknowledgment is taken, the rest is not.
            payload = &[];
            fin = false;
            self.receiver.due = true;
        }
        if segment.rst {
            self.arrive_reset(segment, changes);
            return;
        }
        if segment.syn {
            // RFC 5961, 4.2: whatever its number.
            changes.challenge = true;
            return;
        }
        let Some(ack) = segment.ack else { return };
        if self.state == State::SynReceived {
            if ack != self.sender.iss + 1 {
                changes.refuse = true;
                return;
            }
            self.open(segment, changes);
        }
        if self.now.since(self.heard) >= RTO_LEAST {
            // What comes after such a silence may be all that the peer has sent after a time-out.
            self.receiver.quick = QUICK;
        }
        self.heard = self.now;
        self.questions = 0;
        self.note_timestamp(segment);
        if !self.acknowledge(segment, ack, length == 0, changes) {
            return;
        }
        self.advance_closing(changes);
        if self.state == State::Closed {
            return;
        }
        self.take_in(segment, payload, coalesced, changes);
        if fin {
            self.arrive_fin(segment.seq + u32::try_from(payload.len()).unwrap_or(0));
        }
        self.finish(changes);
    }

    /// RFC 7323, 5.3: whether it is not from an earlier turn of the sequence numbers. A RST is never.
    fn is_recent(&mut self, segment: &Segment) -> bool {
        if !self.stamps.on || segment.rst {
            return true;
        }
        // 3.2: without the option it is dropped.
        let Some(timestamps) = segment.timestamps else { return false };
        let age = Seq(timestamps.value) - Seq(self.stamps.recent);
        // 5.5: after 24 days of silence, the last one says nothing.
        let outdated = self.now.since(self.heard).as_secs() > 24 * 24 * 3600;
        if age < 0 && !outdated {
            self.receiver.due = true;
            return false;
        }
        true
    }

    /// RFC 7323, 4.3: which timestamp is echoed.
    fn note_timestamp(&mut self, segment: &Segment) {
        if let Some(timestamps) = segment.timestamps
            && self.stamps.on
            && segment.seq.le(self.receiver.acknowledged)
            && Seq(timestamps.value).ge(Seq(self.stamps.recent))
        {
            self.stamps.recent = timestamps.value;
        }
    }

    /// RFC 9293, 3.10.7.4, first: what lies outside of the window is answered with an acknowledgment, unless it is a
    /// RST. Where nothing came that has to be told, the limit on all connections keeps two peers from answering each
    /// other for ever (RFC 5961, 10).
    fn answer_unacceptable(&mut self, segment: &Segment, length: u32, changes: &mut Changes) {
        if segment.rst {
            return;
        }
        if length == 0 || segment.syn {
            // A question whether we are still there looks like this, too.
            changes.challenge = true;
            return;
        }
        self.receiver.due = true;
        self.note_duplicate(segment, length);
    }

    /// RFC 2883, 4: what came twice is told.
    fn note_duplicate(&mut self, segment: &Segment, length: u32) {
        let end = segment.seq + length.saturating_sub(u32::from(segment.fin) + u32::from(segment.syn));
        if self.receiver.due && segment.seq.lt(end) && end.le(self.receiver.nxt) {
            self.receiver.duplicate = Some((segment.seq, end));
        }
    }

    /// RFC 5961, 3.2: only the very next number ends the connection, another in the window is asked back for.
    fn arrive_reset(&mut self, segment: &Segment, changes: &mut Changes) {
        if segment.seq != self.receiver.nxt {
            changes.challenge = true;
            return;
        }
        match self.state {
            State::Closing | State::LastAck | State::TimeWait => self.end(None, changes),
            State::SynReceived => self.end(Some(Error::ConnectionRefused), changes),
            _ => self.end(Some(Error::Reset), changes),
        }
    }

    /// RFC 9293, 3.10.7.4, fifth: what the acknowledgment of our FIN does.
    fn advance_closing(&mut self, changes: &mut Changes) {
        if !self.sender.fin_acknowledged() {
            return;
        }
        match self.state {
            State::FinWait1 => self.state = State::FinWait2,
            State::Closing => self.state = State::TimeWait,
            State::LastAck => self.end(None, changes),
            _ => {}
        }
    }

    /// RFC 9293, 3.10.7.4, seventh.
    fn take_in(&mut self, segment: &Segment, payload: &[u8], coalesced: u16, changes: &mut Changes) {
        if payload.is_empty() {
            return;
        }
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            self.receiver.due = true;
            return;
        }
        let end = segment.seq + u32::try_from(payload.len()).unwrap_or(0);
        if self.deaf && end.gt(self.receiver.nxt) {
            // RFC 9293, 3.6.1, and RFC 2525, 2.17: octets that nobody will read are not acknowledged.
            changes.refuse = true;
            self.end(Some(Error::Closed), changes);
            return;
        }
        let size = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let size = if coalesced > 0 { size.min(coalesced) } else { size };
        self.receiver.largest = self.receiver.largest.max(size.min(self.path.mss));
        if let Some(timestamps) = segment.timestamps.filter(|timestamps| self.stamps.on && timestamps.echo != 0) {
            // As far as a clock of milliseconds tells.
            let took = self.stamps.of(self.now).wrapping_sub(timestamps.echo);
            self.receiver.note_round_trip(Duration::from_millis(u64::from(took) + 1));
        }
        changes.readable |= self.receiver.take_in(self.now, &self.shared.pool, segment.seq, payload);
        // 3.8.6.3: every second full segment at once; what a device put together ends where the sender paused.
        let full = u32::from(self.receiver.largest.max(FULL_LEAST));
        let pushed = segment.psh && coalesced > 0 && payload.len() > usize::from(coalesced);
        let quick = self.receiver.quick > 0;
        self.receiver.quick = self.receiver.quick.saturating_sub(1);
        if self.receiver.unacknowledged >= 2 * full || pushed || quick || self.receiver.has_gaps() {
            self.receiver.due = true;
        } else if self.receiver.unacknowledged > 0 && !self.timers.acknowledge.is_set() {
            self.timers.acknowledge = Deadline::at(self.now + DELAYED_ACK);
        }
    }

    /// The peer's stream ends at `seq`.
    fn arrive_fin(&mut self, seq: Seq) {
        if self.receiver.fin.is_none() && seq.ge(self.receiver.nxt) && seq.le(self.receiver.edge) {
            self.receiver.fin = Some(seq);
        }
        self.receiver.due = true;
    }

    /// RFC 9293, 3.10.7.4, eighth: everything up to the peer's FIN has come.
    fn finish(&mut self, changes: &mut Changes) {
        if self.receiver.fin != Some(self.receiver.nxt) {
            return;
        }
        let next = match self.state {
            State::Established => State::CloseWait,
            State::FinWait1 => State::Closing,
            State::FinWait2 => State::TimeWait,
            _ => return,
        };
        self.receiver.nxt += 1;
        self.state = next;
        changes.closed = true;
        changes.readable = true;
    }

    /// It is over.
    pub(super) fn end(&mut self, error: Option<Error>, changes: &mut Changes) {
        self.state = State::Closed;
        self.error = error;
        self.sender.clear();
        self.receiver.due = false;
        changes.failed = true;
    }
}
