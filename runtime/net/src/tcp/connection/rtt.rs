//! The round-trip time and the retransmission time-out (RFC 6298), in microseconds.

use core::time::Duration;

/// The bounds of the time-out. RFC 6298 says one second at least; 200 ms is what everybody does, and safe with the
/// tail loss probes and the delayed acknowledgments of today.
pub(super) const RTO_LEAST: Duration = Duration::from_millis(200);
const RTO_MOST: u32 = 60_000_000;
/// Before there is any sample (RFC 6298, 2.1).
const RTO_FIRST: u32 = 1_000_000;
/// The same when a SYN was sent again (RFC 6298, 5.7).
const RTO_UNSURE: u32 = 3_000_000;

/// An estimate of the round-trip time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rtt {
    smoothed: u32,
    variation: u32,
    least: u32,
}

impl Rtt {
    /// Takes a sample of a segment that was sent once (RFC 6298, 2 and 3).
    pub fn sample(&mut self, sample: Duration) {
        let sample = u32::try_from(sample.as_micros()).unwrap_or(u32::MAX).clamp(1, RTO_MOST);
        if self.smoothed == 0 {
            self.smoothed = sample;
            self.variation = sample / 2;
            self.least = sample;
        } else {
            self.variation = self.variation - self.variation / 4 + self.smoothed.abs_diff(sample) / 4;
            self.smoothed = (self.smoothed - self.smoothed / 8 + sample / 8).max(1);
            self.least = self.least.min(sample);
        }
    }

    /// The SYN had to be sent again, so that the round trip may be long: until there is a sample, so is the time-out.
    pub fn doubt(&mut self) {
        if self.smoothed == 0 {
            self.variation = RTO_UNSURE;
        }
    }

    /// The smoothed round-trip time, if there was a sample.
    pub fn smoothed(&self) -> Option<Duration> {
        (self.smoothed != 0).then(|| Duration::from_micros(self.smoothed.into()))
    }

    /// The shortest sample.
    pub fn least(&self) -> Duration {
        Duration::from_micros(self.least.into())
    }

    /// The time-out after `doublings` in a row (RFC 6298, 2.3 and 5.5).
    pub fn timeout(&self, doublings: u8) -> Duration {
        let timeout = match self.smoothed {
            0 => self.variation.max(RTO_FIRST),
            smoothed => smoothed.saturating_add(self.variation.saturating_mul(4)).max(RTO_LEAST.as_micros() as u32),
        };
        let doubled = u64::from(timeout) << doublings.min(20);
        Duration::from_micros(doubled.min(RTO_MOST.into()))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Rtt;

    /// RFC 6298, 2.1 to 2.5 and 5.5.
    #[test]
    fn the_time_out_follows_the_samples() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.timeout(0), Duration::from_secs(1));
        rtt.sample(Duration::from_millis(400));
        assert_eq!(rtt.timeout(0), Duration::from_millis(1200)); // R + 4 · R/2
        assert_eq!(rtt.timeout(2), Duration::from_millis(4800));
        assert_eq!(rtt.timeout(9), Duration::from_secs(60));
        rtt.sample(Duration::from_millis(480));
        // RTTVAR = 3/4 · 200 + 1/4 · 80 = 170, SRTT = 7/8 · 400 + 1/8 · 480 = 410.
        assert_eq!(rtt.smoothed(), Some(Duration::from_millis(410)));
        assert_eq!(rtt.timeout(0), Duration::from_millis(1090));
        for _ in 0..100 {
            rtt.sample(Duration::from_micros(50));
        }
        assert_eq!(rtt.timeout(0), Duration::from_millis(200));
        assert_eq!(rtt.least(), Duration::from_micros(50));
    }
}
