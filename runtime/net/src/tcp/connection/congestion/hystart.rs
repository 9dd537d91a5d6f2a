//! Leaving slow start before it loses half a window: HyStart++ (RFC 9406).

use super::Acknowledged;
use crate::tcp::Seq;

/// RFC 9406, 4.3, times in microseconds.
const LEAST_THRESHOLD: u32 = 4000;
const MOST_THRESHOLD: u32 = 16_000;
const SAMPLES: u8 = 8;
const GROWTH_DIVISOR: u32 = 4;
const ROUNDS: u8 = 5;

/// What is known of the round trips of this slow start.
#[derive(Clone, Copy, Debug)]
pub(super) struct HyStart {
    /// The round ends when this arrives.
    round: Seq,
    /// The shortest round trips of the round before and of this one, in microseconds.
    last: u32,
    current: u32,
    samples: u8,
    /// The rounds left of conservative slow start, if it is on.
    conservative: u8,
    /// The round trip that started it.
    baseline: u32,
    begun: bool,
}

impl Default for HyStart {
    fn default() -> Self {
        let none = u32::MAX;
        Self { round: Seq(0), last: none, current: none, samples: 0, conservative: 0, baseline: none, begun: false }
    }
}

impl HyStart {
    /// By how much growth is divided.
    pub fn divisor(&self) -> u32 {
        if self.conservative > 0 { GROWTH_DIVISOR } else { 1 }
    }

    /// Whether slow start is over (4.2).
    pub fn leave(&mut self, news: &Acknowledged) -> bool {
        if let Some(sample) = news.sample {
            self.current = self.current.min(sample);
            self.samples = self.samples.saturating_add(1);
        }
        if self.samples >= SAMPLES && self.current != u32::MAX && self.last != u32::MAX {
            if self.conservative == 0 {
                let threshold = (self.last / 8).clamp(LEAST_THRESHOLD, MOST_THRESHOLD);
                if self.current >= self.last.saturating_add(threshold) {
                    self.baseline = self.current;
                    self.conservative = ROUNDS;
                }
            } else if self.current < self.baseline {
                // The delay was nothing but jitter.
                self.baseline = u32::MAX;
                self.conservative = 0;
            }
        }
        if self.begun && news.una.lt(self.round) {
            return false;
        }
        let over = self.begun && self.conservative == 1;
        self.conservative = self.conservative.saturating_sub(1);
        self.begun = true;
        self.round = news.nxt;
        (self.last, self.current, self.samples) = (self.current, u32::MAX, 0);
        over
    }
}

#[cfg(test)]
mod tests {
    use mirage::time::Instant;

    use super::super::{Acknowledged, Congestion};
    use crate::tcp::Seq;

    /// RFC 9406, 4.2: a round trip that grows by more than an eighth ends slow start five rounds later, and the window
    /// grows by a quarter only until then.
    #[test]
    fn growing_round_trips_end_slow_start() {
        let mut control = Congestion::new(1000, true);
        let mut una = 0;
        let mut rounds = 0;
        while control.in_slow_start() {
            rounds += 1;
            let sample = if rounds < 4 { 40_000 } else { 50_000 };
            let end = una + control.window;
            while una < end {
                let nxt = una + control.window;
                una += 1000;
                control.acknowledged(&Acknowledged {
                    now: Instant::START,
                    bytes: 1000,
                    una: Seq(una),
                    nxt: Seq(nxt),
                    mss: 1000,
                    sample: Some(sample),
                    smoothed: 40_000,
                });
            }
            assert!(rounds < 15);
        }
        assert!((8..=10).contains(&rounds), "{rounds} rounds");
        assert!(control.window < 500_000, "{}", control.window);
    }
}
