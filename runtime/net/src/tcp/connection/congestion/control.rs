//! What all congestion controls share: slow start, and the two numbers everything is about (RFC 5681, 3.1).

use alloc::boxed::Box;

use mirage::time::Instant;

use super::cubic::Cubic;
use super::hystart::HyStart;
use super::newreno::NewReno;
use crate::tcp::Seq;

/// The congestion window and what moves it. A copy of it is all that is needed to undo a reduction.
#[derive(Clone, Debug)]
pub(in super::super) struct Congestion {
    /// How many bytes may be in flight.
    pub window: u32,
    /// Below this, the window doubles in a round trip.
    pub threshold: u32,
    cubic: bool,
    /// What is remembered once the window held somebody back or something was lost: for the connections with little to
    /// say, which are most, nothing.
    memory: Option<Box<Memory>>,
}

/// What is remembered from one acknowledgment to the next.
#[derive(Clone, Copy, Debug)]
struct Memory {
    avoidance: Avoidance,
    start: HyStart,
}

#[derive(Clone, Copy, Debug)]
enum Avoidance {
    Cubic(Cubic),
    NewReno(NewReno),
}

/// What an acknowledgment brought.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Acknowledged {
    /// When.
    pub now: Instant,
    /// How many bytes arrived.
    pub bytes: u32,
    /// How far everything arrived.
    pub una: Seq,
    /// What is sent next.
    pub nxt: Seq,
    /// The size of a full segment, in bytes.
    pub mss: u32,
    /// The sample of the round-trip time it gave, in microseconds.
    pub sample: Option<u32>,
    /// The smoothed round-trip time, in microseconds.
    pub smoothed: u32,
}

/// RFC 6928, 2.
pub(in super::super) fn initial_window(mss: u32) -> u32 {
    (10 * mss).min((2 * mss).max(14_600))
}

impl Congestion {
    /// The beginning (RFC 5681, 3.1): the threshold is as high as can be.
    pub fn new(mss: u32, cubic: bool) -> Self {
        Self { window: initial_window(mss), threshold: u32::MAX, cubic, memory: None }
    }

    fn memory(&mut self) -> &mut Memory {
        let cubic = self.cubic;
        self.memory.get_or_insert_with(|| {
            let avoidance =
                if cubic { Avoidance::Cubic(Cubic::default()) } else { Avoidance::NewReno(NewReno::default()) };
            Box::new(Memory { avoidance, start: HyStart::default() })
        })
    }

    pub fn in_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    /// Bytes arrived while the window was what held the sender back, or in recovery from a time-out.
    pub fn acknowledged(&mut self, news: &Acknowledged) {
        let (window, slow_start) = (self.window, self.in_slow_start());
        let memory = self.memory();
        if slow_start {
            let growth = news.bytes / memory.start.divisor();
            let over = memory.start.leave(news);
            self.window = window.saturating_add(growth).min(self.threshold);
            if over {
                self.threshold = self.window;
            }
            return;
        }
        self.window = match &mut memory.avoidance {
            Avoidance::Cubic(cubic) => cubic.acknowledged(window, news),
            Avoidance::NewReno(newreno) => newreno.acknowledged(window, news),
        };
    }

    /// Something was lost while `flight` bytes were in flight: the threshold falls (RFC 5681, 3.2; RFC 9438, 4.6). The
    /// window follows while it is repaired.
    pub fn reduce(&mut self, flight: u32, mss: u32) {
        let window = self.window;
        let reduced = match &mut self.memory().avoidance {
            Avoidance::Cubic(cubic) => cubic.reduce(window, flight),
            Avoidance::NewReno(newreno) => newreno.reduce(flight),
        };
        self.threshold = reduced.max(2 * mss);
    }

    /// A reduction from one number of bytes to another is undone that others came after.
    pub fn grow(&mut self, (from, to): (u32, u32)) {
        let grown = |bytes: u32| {
            let bytes = u64::from(bytes) * u64::from(from) / u64::from(to.max(1));
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        if from > to {
            (self.window, self.threshold) = (grown(self.window), grown(self.threshold));
            self.forget_epoch();
        }
    }

    /// The threshold after a time-out, and a window of one segment (RFC 5681, 3.1, equation 4; RFC 9438, 4.8).
    pub fn timed_out(&mut self, flight: u32, mss: u32) {
        self.reduce(flight, mss);
        self.window = mss;
        self.memory().start = HyStart::default();
    }

    /// Nothing was sent for longer than the retransmission time-out (RFC 5681, 4.1).
    pub fn restart(&mut self, mss: u32) {
        self.window = self.window.min(initial_window(mss));
        self.forget_epoch();
    }

    /// The window is not what congestion avoidance made it.
    fn forget_epoch(&mut self) {
        if let Some(Avoidance::Cubic(cubic)) = self.memory.as_mut().map(|memory| &mut memory.avoidance) {
            cubic.forget_epoch();
        }
    }
}
