//! Loss detection by time: RACK (RFC 8985).

use core::time::Duration;

use mirage::time::Instant;

use super::rtt::Rtt;
use super::scoreboard::{Scoreboard, Sent};
use super::timers::Deadline;
use crate::tcp::Seq;

/// What RACK knows (RFC 8985, 5.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Rack {
    /// Of what arrived, when the part that was sent last was sent, and where it ends.
    at: Instant,
    end: Seq,
    /// How long that took, in microseconds.
    rtt: u32,
    /// The highest number that has arrived.
    highest: Seq,
    /// Something arrived behind what was sent after it.
    pub reordering: bool,
    /// The reordering window, in quarters of a round trip; it falls back after a number of recoveries.
    quarters: u8,
    recoveries: u8,
    /// Widened once a round trip at most.
    widened: Seq,
}

impl Rack {
    pub fn new(iss: Seq) -> Self {
        Self {
            at: Instant::START,
            end: iss,
            rtt: 0,
            highest: iss,
            reordering: false,
            quarters: 1,
            recoveries: 0,
            widened: iss,
        }
    }

    /// Steps 1 to 3 for something that arrived (RFC 8985, 6.2). `genuine` is false when a timestamp says that it was
    /// an earlier copy than the last.
    pub fn arrived(&mut self, sent: &Sent, now: Instant, rtt: &Rtt, genuine: bool) {
        if sent.end.gt(self.highest) {
            self.highest = sent.end;
        } else if sent.end.lt(self.highest) && !sent.again {
            self.reordering = true;
        }
        let took = now.since(sent.at);
        if sent.again && (!genuine || took < rtt.least()) {
            return;
        }
        if later(sent.at, sent.end, self.at, self.end) {
            (self.at, self.end) = (sent.at, sent.end);
            self.rtt = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        }
    }

    /// The peer got something twice: what was taken for lost was late (step 4).
    pub fn duplicate(&mut self, una: Seq, nxt: Seq) {
        self.reordering = true;
        if una.ge(self.widened) {
            self.widened = nxt;
            self.quarters = self.quarters.saturating_add(1);
            self.recoveries = 16;
        }
    }

    /// A recovery is over.
    pub fn recovered(&mut self) {
        self.recoveries = self.recoveries.saturating_sub(1);
        if self.recoveries == 0 {
            self.quarters = 1;
        }
    }

    /// How much later than others something may arrive (step 4).
    fn window(&self, rtt: &Rtt, eager: bool) -> Duration {
        if !self.reordering && eager {
            return Duration::ZERO;
        }
        let window = rtt.least() / 4 * u32::from(self.quarters);
        window.min(rtt.smoothed().unwrap_or(window))
    }

    /// Marks what is lost (step 5): whether there was anything, and when to look again. `eager`: in recovery, or three
    /// segments have overtaken.
    pub fn detect(&self, board: &mut Scoreboard, now: Instant, rtt: &Rtt, eager: bool) -> (bool, Deadline) {
        let patience = Duration::from_micros(self.rtt.into()) + self.window(rtt, eager);
        let mut next = Deadline::NONE;
        let lost = board.lose(|sent| {
            if !later(self.at, self.end, sent.at, sent.end) {
                return false;
            }
            let due = sent.at + patience;
            if due > now {
                let due = Deadline::at(due);
                // The latest: all that is due by then is marked at once.
                next = if next.is_set() { next.max(due) } else { due };
            }
            due <= now
        });
        (lost, next)
    }
}

/// Whether the first was sent after the second.
fn later(first: Instant, first_end: Seq, second: Instant, second_end: Seq) -> bool {
    first > second || first == second && first_end.gt(second_end)
}
