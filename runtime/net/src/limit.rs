//! How often something may be done: a token bucket.

use core::cell::Cell;

use mirage::time::Instant;

/// So many a second, and a burst of some after a quiet while.
pub struct Limit {
    /// Nanoseconds between two.
    interval: u64,
    burst: u64,
    /// When the bucket was empty, or would have been.
    empty: Cell<u64>,
}

impl Limit {
    /// At most `rate` a second, 1 to 1,000,000,000, and `burst` at once.
    pub const fn new(rate: u64, burst: u64) -> Self {
        let rate = if rate == 0 { 1 } else { rate };
        Self { interval: 1_000_000_000 / rate, burst, empty: Cell::new(0) }
    }

    /// Whether it may be done once more; then it counts as done.
    pub fn take(&self, now: Instant) -> bool {
        let now = now.as_nanos();
        let full = self.interval.saturating_mul(self.burst);
        // The time since the bucket was empty is what is in it.
        let empty = self.empty.get().max(now.saturating_sub(full));
        let taken = empty.saturating_add(self.interval);
        // At the start of the clock the bucket is full.
        let bound = if now < full { now + full } else { now };
        let allowed = taken <= bound;
        self.empty.set(if allowed { taken } else { empty });
        allowed
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_burst_and_then_a_rate() {
        let limit = Limit::new(10, 3);
        let at = |milliseconds: u64| Instant::START + Duration::from_millis(milliseconds + 100_000);
        let taken = |limit: &Limit, now| (0..100).filter(|_| limit.take(now)).count();
        assert_eq!(taken(&limit, at(0)), 3);
        assert_eq!(taken(&limit, at(99)), 0);
        assert_eq!(taken(&limit, at(100)), 1);
        assert_eq!((200..1200).filter(|&now| limit.take(at(now))).count(), 10);
        assert_eq!(taken(&limit, at(100_000)), 3);
    }

    #[test]
    fn the_bucket_is_full_at_the_start_of_the_clock() {
        let limit = Limit::new(10, 3);
        assert!((0..3).all(|_| limit.take(Instant::START)));
    }
}
