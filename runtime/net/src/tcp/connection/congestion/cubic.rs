//! Congestion avoidance by CUBIC (RFC 9438): the window follows a cubic function of the time since the last loss.
//!
//! Whole numbers throughout: windows in bytes, times in milliseconds, so that no target needs a floating-point unit.

use core::time::Duration;

use mirage::time::Instant;

use super::Acknowledged;

/// What CUBIC remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cubic {
    /// The window before the last reduction, or less when it did not get as far as the time before (W_max).
    top: u32,
    /// The window before the last reduction (cwnd_prior).
    prior: u32,
    /// When the current stretch of congestion avoidance began, if one has.
    epoch: Option<Instant>,
    /// How long it takes to get back to the top, in milliseconds (K).
    rise: u32,
    /// The window a Reno sender would have by now (W_est), and what is left over of its growth.
    reno: u32,
    credit: u64,
}

impl Cubic {
    /// RFC 9438, 4.2 to 4.5.
    pub fn acknowledged(&mut self, window: u32, news: &Acknowledged) -> u32 {
        let window = window.max(news.mss);
        let epoch = match self.epoch {
            Some(epoch) => epoch,
            None => self.begin(window, news),
        };
        let elapsed = news.now.since(epoch);
        // 4.3: alpha is 9/17 until the window before the reduction is reached, 1 from then on.
        let alpha = if self.reno < self.prior { 9 } else { 17 };
        let unit = 17 * u64::from(window);
        self.credit += u64::from(news.bytes) * u64::from(news.mss) * alpha;
        self.reno = self.reno.saturating_add(u32::try_from(self.credit / unit).unwrap_or(u32::MAX));
        self.credit %= unit;
        if self.at(elapsed, news.mss) < u64::from(self.reno) {
            return window.max(self.reno);
        }
        let ahead = elapsed + Duration::from_micros(news.smoothed.into());
        let (least, most) = (u64::from(window), u64::from(window) * 3 / 2);
        let target = self.at(ahead, news.mss).clamp(least, most);
        let growth = (target - least) * u64::from(news.bytes) / least;
        window.saturating_add(u32::try_from(growth).unwrap_or(u32::MAX))
    }

    /// A stretch of congestion avoidance begins (4.2): K is the cube root of (W_max − cwnd) / C.
    fn begin(&mut self, window: u32, news: &Acknowledged) -> Instant {
        self.epoch = Some(news.now);
        self.top = self.top.max(window);
        // Milliseconds cubed, and a C of 0.4 segments a second cubed.
        let below = u64::from(self.top - window) * 2_500_000_000 / u64::from(news.mss.max(1));
        self.rise = cube_root(below);
        self.reno = window;
        self.credit = 0;
        news.now
    }

    /// The cubic function (4.2): C · (t − K)³ + W_max, in bytes.
    fn at(&self, elapsed: Duration, mss: u32) -> u64 {
        let elapsed = i128::try_from(elapsed.as_millis()).unwrap_or(i128::MAX).min(1_000_000_000);
        let offset = elapsed - i128::from(self.rise);
        let change = i128::from(mss) * offset * offset * offset * 4 / 10_000_000_000;
        u64::try_from((change + i128::from(self.top)).max(0)).unwrap_or(u64::MAX)
    }

    /// RFC 9438, 4.6 and 4.7: to 70 %, and the top below the one before when that was not reached again.
    pub fn reduce(&mut self, window: u32, flight: u32) -> u32 {
        self.prior = window;
        self.top = if window < self.top { (u64::from(window) * 17 / 20) as u32 } else { window };
        self.epoch = None;
        (u64::from(flight.min(window)) * 7 / 10) as u32
    }

    /// Nothing is known of the present any more (RFC 9438, 4.2 and 5.8).
    pub fn forget_epoch(&mut self) {
        self.epoch = None;
    }
}

/// The whole part of the cube root.
fn cube_root(value: u64) -> u32 {
    let mut root = 0u64;
    for bit in (0..22).rev() {
        let candidate = root | 1 << bit;
        if candidate.checked_pow(3).is_some_and(|cube| cube <= value) {
            root = candidate;
        }
    }
    root as u32
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mirage::time::Instant;

    use super::super::Acknowledged;
    use super::{Cubic, cube_root};
    use crate::tcp::Seq;

    #[test]
    fn cube_roots_are_rounded_down() {
        for (value, root) in [(0, 0), (1, 1), (7, 1), (8, 2), (26, 2), (1_000_000_000, 1000), (999_999_999, 999)] {
            assert_eq!(cube_root(value), root);
        }
        assert_eq!(cube_root(u64::MAX), 2_642_245);
    }

    /// RFC 9438, 4.2 and 4.6: after a loss at 1000 segments the window is 700, and back at 1000 after
    /// K = ∛(300 / 0.4) = 9.08 s.
    #[test]
    fn the_window_is_back_where_it_was_after_k() {
        let mss = 1000;
        let mut cubic = Cubic::default();
        let mut window = cubic.reduce(1_000_000, 1_000_000);
        assert_eq!(window, 700_000);
        let mut now = Instant::START;
        let rtt = Duration::from_millis(100);
        let mut after = [0; 3];
        for step in 0..130 {
            let news =
                Acknowledged { now, bytes: window, una: Seq(0), nxt: Seq(0), mss, sample: None, smoothed: 100_000 };
            window = cubic.acknowledged(window, &news);
            match step {
                30 => after[0] = window,
                90 => after[1] = window,
                129 => after[2] = window,
                _ => {}
            }
            now = now + rtt;
        }
        assert!((850_000..950_000).contains(&after[0]), "{after:?}");
        assert!((995_000..1_005_000).contains(&after[1]), "{after:?}");
        assert!((1_015_000..1_040_000).contains(&after[2]), "{after:?}");
        // 4.7: less than the top before means that there is less to be had.
        cubic.reduce(900_000, 900_000);
        assert_eq!(cubic.top, 765_000);
    }
}
