//! Congestion avoidance by NewReno (RFC 5681, 3.1; RFC 6582): a segment a round trip, and half of it after a loss.

use super::Acknowledged;

/// What NewReno remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NewReno {
    /// Bytes acknowledged since the window grew.
    credit: u32,
}

impl NewReno {
    /// Appropriate byte counting (RFC 3465, 2.1).
    pub fn acknowledged(&mut self, window: u32, news: &Acknowledged) -> u32 {
        self.credit = self.credit.saturating_add(news.bytes);
        if self.credit < window {
            return window;
        }
        self.credit -= window;
        window.saturating_add(news.mss)
    }

    pub fn reduce(&mut self, flight: u32) -> u32 {
        self.credit = 0;
        flight / 2
    }
}

#[cfg(test)]
mod tests {
    use mirage::time::Instant;

    use super::super::{Acknowledged, Congestion};
    use crate::tcp::Seq;

    /// RFC 5681, 3.1: doubling below the threshold, a segment a round trip above it; half of the flight after a loss.
    #[test]
    fn it_grows_by_a_segment_in_a_round_trip() {
        let mut control = Congestion::new(1000, false);
        assert_eq!(control.window, 10_000);
        let news = Acknowledged {
            now: Instant::START,
            bytes: 10_000,
            una: Seq(10_000),
            nxt: Seq(10_000),
            mss: 1000,
            sample: None,
            smoothed: 100,
        };
        control.acknowledged(&news);
        assert_eq!(control.window, 20_000);
        control.reduce(20_000, 1000);
        assert_eq!(control.threshold, 10_000);
        control.window = control.threshold;
        for _ in 0..10 {
            control.acknowledged(&Acknowledged { bytes: 1000, ..news });
        }
        assert_eq!(control.window, 11_000);
        control.timed_out(11_000, 1000);
        assert_eq!((control.window, control.threshold), (1000, 5500));
    }
}
