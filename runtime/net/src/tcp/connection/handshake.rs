//! Opening a connection from this end (RFC 9293, 3.5 and 3.10.7.3), the other end perhaps at the same time.

use super::config::Changes;
use super::receiver::Receiver;
use super::state::{Connection, DEFAULT_MSS, State};
use super::timers::Deadline;
use crate::Error;
use crate::tcp::Segment;

impl Connection {
    pub(super) fn arrive_at_syn_sent(&mut self, segment: &Segment, changes: &mut Changes) {
        if let Some(ack) = segment.ack
            && (ack.le(self.sender.iss) || ack.gt(self.sender.nxt))
        {
            // First.
            changes.refuse = !segment.rst;
            return;
        }
        if segment.rst {
            // Second: only with an acknowledgment it means us.
            if segment.ack.is_some() {
                self.end(Some(Error::ConnectionRefused), changes);
            }
            return;
        }
        if !segment.syn {
            return;
        }
        // Fourth.
        self.agree(segment);
        self.heard = self.now;
        if segment.ack.is_some() {
            self.open(segment, changes);
            self.receiver.due = true;
        } else {
            self.state = State::SynReceived;
            self.sender.wanted.syn = true;
        }
    }

    /// What both understand is used from now on (RFC 7323, 2.5 and 3.2; RFC 2018, 2; RFC 9293, 3.7.1).
    fn agree(&mut self, segment: &Segment) {
        let scale = if segment.window_scale.is_some() { self.shared.config.scale() } else { 0 };
        self.receiver = Receiver::new(self.now, segment.seq + 1, self.shared.config.first_window().into(), scale);
        let sender = &mut self.sender;
        sender.scale = segment.window_scale.unwrap_or(0).min(14);
        sender.peer_mss = segment.mss.unwrap_or(DEFAULT_MSS);
        // RFC 7323, 2.2: the window of a SYN is never scaled.
        sender.window = segment.window.into();
        sender.window_most = sender.window;
        sender.wl1 = segment.seq;
        sender.wl2 = segment.ack.unwrap_or(sender.una);
        self.sack = segment.sack_permitted;
        if let Some(timestamps) = segment.timestamps {
            self.stamps.on = true;
            self.stamps.recent = timestamps.value;
        }
    }

    /// The peer acknowledged our SYN.
    pub(super) fn open(&mut self, segment: &Segment, changes: &mut Changes) {
        let sender = &mut self.sender;
        if sender.backoff == 0 {
            sender.rtt.sample(self.now.since(sender.active));
            self.receiver.note_round_trip(self.now.since(sender.active));
        } else {
            sender.rtt.doubt();
        }
        sender.una = sender.iss + 1;
        sender.nxt = sender.una;
        sender.progress = self.now;
        sender.wanted.syn = false;
        if !segment.syn {
            sender.window = u32::from(segment.window) << sender.scale;
            sender.window_most = sender.window;
            sender.wl1 = segment.seq;
            sender.wl2 = sender.una;
        }
        self.settle_mss();
        self.sender.backoff = 0;
        self.timers.retransmit = Deadline::NONE;
        self.state = if self.sender.closing { State::FinWait1 } else { State::Established };
        changes.opened = true;
        changes.writable = true;
    }

    /// Both SYNs crossed, and this is the peer's acknowledgment of ours: it carries its SYN once more (RFC 9293, 3.5,
    /// figure 7).
    pub(super) fn is_crossed_syn_ack(&self, segment: &Segment) -> bool {
        segment.syn && !segment.rst && segment.ack == Some(self.sender.iss + 1) && segment.seq + 1 == self.receiver.nxt
    }
}
