//! A limit on challenge ACKs.

use mirage::time::Instant;

/// Challenge ACKs a second, on average.
const RATE: u32 = 100;
const SECOND: u64 = 1_000_000_000;

/// How many challenge ACKs may be sent in this second (RFC 5961 section 7). The limit is another one each second, else
/// somebody who counts them learns from the shared limit what goes on in connections of others (RFC 9293 section
/// 3.10.7.4, on the first check).
#[derive(Default)]
pub struct Challenges {
    second: Option<u64>,
    left: u32,
}

impl Challenges {
    /// Whether one may be sent now.
    pub fn allow(&mut self, now: Instant, random: impl FnOnce() -> u32) -> bool {
        let second = now.as_nanos() / SECOND;
        if self.second != Some(second) {
            self.second = Some(second);
            self.left = RATE / 2 + random() % (RATE + 1);
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_second_and_nobody_knows_how_many_rfc_5961_7() {
        let mut challenges = Challenges::default();
        for (second, random, most) in [(0, 0, 50), (1, 100, 150), (2, 7, 57)] {
            let now = Instant::from_nanos(second * SECOND + 5);
            assert_eq!((0..1000).filter(|_| challenges.allow(now, || random)).count(), most);
        }
    }
}
