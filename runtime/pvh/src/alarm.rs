//! The timer that ends a sleep.

use core::cell::Cell;

use mirage::time::Instant;

use crate::platform::Machine;
use crate::shim::call;

/// What `wait` says of the timer.
const RANG: u64 = 1;

/// The timer, as it was set last. There is one in a machine.
///
/// To set it is an exit to the hypervisor, and most times that are waited for move on with each packet. So one that is set to
/// an earlier time is left alone: it rings for nothing at most once for each time it was set.
pub struct Alarm(Cell<Option<Instant>>);

/// What becomes of the timer before a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// Nothing: it rings early enough, or whoever sleeps has no need of it.
    AsSet,
    /// Nothing, and there is no sleep: this is only a look, at once over.
    Not,
    /// It is set to ring in so many nanoseconds.
    Anew(u64),
}

impl Alarm {
    /// One that is not set.
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Has the shim sleep until an interrupt or a time, at most as long as a timer with ticks of so many nanoseconds can.
    /// `stamp_in` says what the time-stamp counter will be in some nanoseconds.
    pub fn sleep(
        &self,
        until: Option<Instant>,
        machine: &impl Machine,
        stamp_in: impl Fn(u64) -> u64,
        tick: u64,
    ) -> u64 {
        let came = match self.before(until, || machine.now(), u64::from(u32::MAX) * tick) {
            Sleep::AsSet => call::wait(call::AS_SET, 0),
            Sleep::Not => call::wait(0, 0),
            Sleep::Anew(left) => call::wait(stamp_in(left), left.div_ceil(tick) as u32),
        };
        self.after(came);
        came
    }

    fn before(&self, until: Option<Instant>, now: impl FnOnce() -> Instant, longest: u64) -> Sleep {
        let until = match until {
            None => return Sleep::AsSet,
            Some(Instant::START) => return Sleep::Not,
            Some(until) => until,
        };
        let now = now();
        // One whose time has passed, and that was not heard, is not relied on.
        if self.0.get().is_some_and(|set| now < set && set <= until) {
            return Sleep::AsSet;
        }
        let left = until.as_nanos().saturating_sub(now.as_nanos()).clamp(1, longest);
        self.0.set(Some(Instant::from_nanos(now.as_nanos().saturating_add(left))));
        Sleep::Anew(left)
    }

    fn after(&self, came: u64) {
        if came & RANG != 0 {
            self.0.set(None);
        }
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The longest that is slept here.
    const LONGEST: u64 = 1000;

    const fn at(nanoseconds: u64) -> Option<Instant> {
        Some(Instant::from_nanos(nanoseconds))
    }

    impl Alarm {
        fn before_at(&self, until: Option<Instant>, now: u64) -> Sleep {
            self.before(until, || Instant::from_nanos(now), LONGEST)
        }
    }

    #[test]
    fn it_is_set_anew_only_to_ring_earlier() {
        let alarm = Alarm::new();
        assert_eq!(alarm.before_at(at(50), 10), Sleep::Anew(40));
        assert_eq!(alarm.before_at(at(50), 20), Sleep::AsSet);
        assert_eq!(alarm.before_at(at(70), 20), Sleep::AsSet);
        assert_eq!(alarm.before_at(at(40), 20), Sleep::Anew(20));
        assert_eq!(alarm.before_at(at(50), 20), Sleep::AsSet, "the earlier one rings, and then the later one is set");
        assert_eq!(alarm.before_at(None, 20), Sleep::AsSet);
        assert_eq!(alarm.before_at(Some(Instant::START), 20), Sleep::Not);
    }

    #[test]
    fn one_that_rang_or_has_passed_is_forgotten() {
        let alarm = Alarm::new();
        assert_eq!(alarm.before_at(at(50), 10), Sleep::Anew(40));
        alarm.after(0b100);
        assert_eq!(alarm.before_at(at(70), 20), Sleep::AsSet, "something else came");
        alarm.after(0b101);
        assert_eq!(alarm.before_at(at(70), 45), Sleep::Anew(25), "it rang, though before its time");
        assert_eq!(alarm.before_at(at(90), 70), Sleep::Anew(20), "its time has passed");
        assert_eq!(alarm.before_at(at(95), 95), Sleep::Anew(1), "what is waited for has passed");
        assert_eq!(alarm.before_at(at(9000), 100), Sleep::Anew(LONGEST));
        assert_eq!(alarm.before_at(at(8000), 100), Sleep::AsSet, "it rings before both");
    }

    proptest! {
        /// Beside a timer that does as it is told, and a loop that sleeps for whatever time it likes next.
        #[test]
        fn it_never_rings_later_than_asked(
            sleeps in prop::collection::vec((prop::option::of(1_u64..3000), 0_u64..1500, 0_u64..300), 1..200),
        ) {
            let alarm = Alarm::new();
            let (mut now, mut timer) = (1_u64, None::<u64>);
            for (further, other, busy) in sleeps {
                let until = further.map(|further| now + further);
                match alarm.before_at(until.and_then(at), now) {
                    Sleep::Anew(left) => {
                        // Only where it would have been too late, or had rung already.
                        prop_assert!(timer.is_none_or(|timer| timer <= now || until.is_some_and(|until| until < timer)));
                        timer = Some(now + left);
                    }
                    Sleep::AsSet => {}
                    Sleep::Not => prop_assert!(false, "nobody only looked"),
                }
                if let Some(until) = until {
                    prop_assert!(timer.is_some_and(|timer| now <= timer && timer <= until));
                }
                // The sleep ends by the timer, or by something else that comes before.
                let end = timer.map_or(now + other, |timer| timer.max(now).min(now + other));
                let rings = timer.is_some_and(|timer| timer <= end);
                alarm.after(u64::from(rings) | 0b10);
                timer = timer.filter(|_| !rings);
                now = end + busy;
            }
        }
    }
}
