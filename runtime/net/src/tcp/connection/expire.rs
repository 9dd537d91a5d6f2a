//! The timers: when they are set and what happens when one is due.

use core::time::Duration;

use mirage::time::Instant;

use super::config::Changes;
use super::state::{Connection, State};
use super::timers::{DELAYED_ACK, Deadline, FIN_WAIT_2, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_PROBES, Purpose, Timers};
use crate::Error;

/// Shorter than this, a tail loss probe would tell more of the peer's scheduling than of the path.
const TAIL_LEAST: Duration = Duration::from_millis(2);

impl Connection {
    /// When [`expire`](Self::expire) is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        let timers = &self.timers;
        let others = [timers.reorder, timers.acknowledge, self.patience(), self.question(), self.last_wait()];
        others.into_iter().fold(timers.retransmit, Ord::min).get()
    }

    /// Does what is due by `now`.
    pub fn expire(&mut self, now: Instant) -> Changes {
        self.now = now;
        let mut changes = Changes::default();
        if self.patience().is_due(now) {
            self.end(Some(if self.unreachable { Error::Unreachable } else { Error::TimedOut }), &mut changes);
        } else if self.last_wait().is_due(now) {
            self.end(None, &mut changes);
        } else if self.question().is_due(now) {
            self.ask(&mut changes);
        }
        if self.state != State::Closed {
            if self.timers.acknowledge.is_due(now) {
                self.timers.acknowledge = Deadline::NONE;
                self.receiver.due = true;
            }
            if self.timers.reorder.is_due(now) {
                self.timers.reorder = Deadline::NONE;
                if self.detect_loss() {
                    self.enter_recovery();
                    self.go_on_recovering(Default::default(), self.sender.una);
                }
            }
            if self.timers.retransmit.is_due(now) {
                self.timers.retransmit = Deadline::NONE;
                self.retransmit_due();
            }
        }
        self.arm();
        changes.dirty = self.is_dirty();
        changes
    }

    fn retransmit_due(&mut self) {
        let sender = &mut self.sender;
        match self.timers.purpose {
            _ if !self.state.is_open() => {
                sender.backoff = sender.backoff.saturating_add(1);
                sender.wanted.syn = true;
            }
            Purpose::Retransmit => self.time_out(),
            Purpose::Tail => sender.wanted.tail = true,
            Purpose::Window => {
                sender.backoff = sender.backoff.saturating_add(1);
                sender.wanted.window = true;
            }
        }
    }

    /// Sets the retransmission timer if it is to run, for what it is to run; clears it if not.
    pub(super) fn arm(&mut self) {
        if self.state == State::Closed {
            self.timers = Timers::NONE;
            return;
        }
        let sender = &self.sender;
        let (flight, shut) = (sender.flight() > 0, sender.is_shut() && self.is_synchronized());
        if !flight && !shut {
            self.timers.retransmit = Deadline::NONE;
            self.timers.reorder = Deadline::NONE;
            return;
        }
        if self.timers.retransmit.is_set() && (self.timers.purpose == Purpose::Window) != flight {
            return;
        }
        let timeout = sender.rtt.timeout(sender.backoff);
        let (purpose, wait) = match self.tail_wait() {
            _ if !flight => (Purpose::Window, timeout),
            Some(wait) if wait < timeout => (Purpose::Tail, wait),
            _ => (Purpose::Retransmit, timeout),
        };
        self.timers.purpose = purpose;
        self.timers.retransmit = Deadline::at(self.now + wait);
    }

    /// How long after the last octets their arrival is probed, if it is at all (RFC 8985, 7.2).
    fn tail_wait(&self) -> Option<Duration> {
        let sender = &self.sender;
        let calm = !sender.is_recovering() && sender.tail.is_none() && sender.board.sacked() == 0;
        if !self.sack || !self.is_synchronized() || !calm || sender.backoff > 0 {
            return None;
        }
        let wait = sender.rtt.smoothed()? * 2;
        let alone = sender.flight() <= sender.mss.into();
        Some((wait + if alone { DELAYED_ACK } else { Duration::ZERO }).max(TAIL_LEAST))
    }

    /// When the connection is given up for want of an acknowledgment.
    fn patience(&self) -> Deadline {
        let waits = self.state != State::Closed && (self.sender.flight() > 0 || self.timers.retransmit.is_set());
        if waits { Deadline::at(self.sender.progress + self.shared.config.user_timeout) } else { Deadline::NONE }
    }

    /// When the peer is asked next whether it is still there (RFC 9293, 3.8.4): only in silence.
    fn question(&self) -> Deadline {
        let Some(silence) = self.shared.config.keep_alive.filter(|_| self.is_synchronized()) else {
            return Deadline::NONE;
        };
        if self.sender.flight() > 0 || self.timers.retransmit.is_set() || self.state == State::TimeWait {
            return Deadline::NONE;
        }
        Deadline::at(self.heard + silence + KEEP_ALIVE_INTERVAL.min(silence) * u32::from(self.questions))
    }

    fn ask(&mut self, changes: &mut Changes) {
        if self.questions >= KEEP_ALIVE_PROBES {
            self.end(Some(Error::TimedOut), changes);
            return;
        }
        self.questions += 1;
        self.sender.wanted.alive = true;
    }

    /// When the peer's FIN is waited for no longer, by an end that nobody reads from.
    fn last_wait(&self) -> Deadline {
        if self.state == State::FinWait2 && self.deaf { Deadline::at(self.heard + FIN_WAIT_2) } else { Deadline::NONE }
    }
}

impl State {
    /// Past the handshake.
    fn is_open(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived)
    }
}
