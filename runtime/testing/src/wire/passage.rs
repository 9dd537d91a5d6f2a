//! One direction of a line: what its conditions do to the frames that pass.

use std::ops::RangeInclusive;
use std::time::Duration;

use mirage::time::Instant;

use super::{Conditions, Counters, headers};
use crate::Random;

/// One direction of a line.
pub struct Passage {
    pub conditions: Conditions,
    pub counters: Counters,
    random: Random,
    /// When everything that waits for the rate has left.
    free: Instant,
    /// When the last frame arrives that was not late.
    last: Instant,
}

impl Passage {
    pub fn new(conditions: Conditions, random: Random) -> Self {
        Self { conditions, counters: Counters::default(), random, free: Instant::START, last: Instant::START }
    }

    /// Sends a frame on its way at `now`; `arrive` is told when it arrives and as what, not at all if it is lost.
    ///
    /// Called in the order of `now`.
    pub fn pass(&mut self, now: Instant, mut frame: Vec<u8>, mut arrive: impl FnMut(Instant, Vec<u8>)) {
        self.counters.frames += 1;
        self.counters.bytes += frame.len() as u64;
        // Each is thrown whether it matters or not: so changing one condition leaves the others' luck alone.
        let lost = self.random.chance(self.conditions.loss);
        let twice = self.random.chance(self.conditions.duplication);
        let corrupt = self.random.chance(self.conditions.corruption);
        let late = self.random.chance(self.conditions.reordering);
        let delay = self.within(&self.conditions.delay);
        if lost {
            self.counters.lost += 1;
            return;
        }
        let Some(left) = self.leave(now, frame.len()) else {
            self.counters.overflowed += 1;
            return;
        };
        if corrupt {
            self.corrupt(&mut frame);
        }
        let arrival = if late {
            self.counters.late += 1;
            left + delay + self.within(&self.conditions.lateness)
        } else {
            self.last = self.last.max(left + delay);
            self.last
        };
        if twice {
            self.counters.duplicated += 1;
            arrive(arrival, frame.clone());
        }
        arrive(arrival, frame);
    }

    /// When a frame of this length has left, at the rate there is; none if it has to wait and there is no room.
    fn leave(&mut self, now: Instant, length: usize) -> Option<Instant> {
        const SECOND: u128 = 1_000_000_000;
        let Some(rate) = self.conditions.rate else { return Some(now) };
        let rate = u128::from(rate.max(1));
        let start = self.free.max(now);
        let waiting = start.since(now).as_nanos() * rate / SECOND;
        if waiting > 0 && waiting + length as u128 > self.conditions.queue as u128 {
            return None;
        }
        let takes = length as u128 * SECOND / rate;
        self.free = start + Duration::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
        Some(self.free)
    }

    fn corrupt(&mut self, frame: &mut [u8]) {
        let packet = headers::packet(frame);
        let bits = 8 * packet.len() as u64;
        if bits > 0 {
            let bit = self.random.within(&(0..=bits - 1));
            let byte = packet.start + usize::try_from(bit / 8).unwrap_or_default();
            frame[byte] ^= 1 << (bit % 8);
            self.counters.corrupted += 1;
        }
    }

    fn within(&self, range: &RangeInclusive<Duration>) -> Duration {
        let nanos = |duration: &Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.within(&(nanos(range.start())..=nanos(range.end()))))
    }
}
