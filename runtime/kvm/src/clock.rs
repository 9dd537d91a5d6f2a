//! Time: the hypervisor's, if it is KVM, else the time-stamp counter's, measured against the interval timer. Nobody waits for
//! that: until the timer has counted for long enough it is the timer that tells the time.

use core::cell::Cell;
use core::ptr;
use core::time::Duration;

use mirage::time::{Instant, Timestamp};
use mirage_pvh::pvclock::{self, PvClock, Scale};
use mirage_pvh::{call, has_deadline, time_stamp};

use crate::ports::{CMOS, TIMER, TIMER_MODE};

/// Ticks of the interval timer a second, and how many of them it counts until it has been through.
const TIMER_RATE: u64 = 1_193_182;
const TIMER_MOST: u64 = 0xffff;
/// After how many of them the counter is measured: 20 ms, of which it takes less than a ten-thousandth to read both.
const ENOUGH: u64 = 23_864;
/// By when that is to be looked at, before the timer has been through.
const LOOK: Instant = Instant::from_nanos(25_000_000);
/// How many of them are waited for where the timer has been through before anybody asked for the time: 2 ms.
const AT_LEAST: u64 = 2_386;
/// How often the timer is looked at meanwhile, and how often it is begun with: one that stands still, or is not there, is no
/// timer.
const LOOKS: u32 = 1_000_000;
const TRIES: u32 = 8;

/// What KVM tells of the time of day at its start: `struct pvclock_wall_clock`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PvWall {
    version: u32,
    seconds: u32,
    nanoseconds: u32,
}

/// The clock.
pub struct Clock {
    /// Where KVM writes, if it does.
    page: Cell<Option<(PvClock, *const PvWall)>>,
    /// What was measured where it does not.
    measured: Cell<Option<Scale>>,
    /// The counter, or KVM's nanoseconds, when the machine started.
    start: Cell<u64>,
    /// The time of day at the start, once somebody has asked.
    wall: Cell<Option<Duration>>,
}

impl Clock {
    /// A clock before the start.
    pub const fn new() -> Self {
        Self { page: Cell::new(None), measured: Cell::new(None), start: Cell::new(0), wall: Cell::new(None) }
    }

    /// From here on time is counted; `page` is where KVM writes, if it does.
    pub fn begin(&self, page: Option<*const u8>) {
        // SAFETY: the shim's page, see `prepare`; the time of day stands behind the time.
        self.page.set(page.map(|page| unsafe { (PvClock::new(page), page.add(pvclock::LENGTH).cast()) }));
        self.start.set(if page.is_some() { self.kvm_now() } else { begin_timer() });
    }

    /// The time since the start.
    pub fn now(&self) -> Instant {
        Instant::from_nanos(match (self.page.get(), self.measured.get()) {
            (Some(_), _) => self.kvm_now().saturating_sub(self.start.get()),
            (None, Some(scale)) => scale.nanoseconds(self.count()),
            (None, None) => self.by_timer(),
        })
    }

    /// The counter's value in that many nanoseconds; anything where nobody wants it, which is where the timer that wakes us
    /// takes no value of the counter.
    pub fn stamp_in(&self, nanoseconds: u64) -> u64 {
        let scale = match (self.page.get(), self.measured.get()) {
            (Some((clock, _)), _) => clock.scale(),
            (None, Some(scale)) => scale,
            (None, None) if !has_deadline() => return 1,
            (None, None) => self.measure(None),
        };
        time_stamp().saturating_add(scale.count(nanoseconds))
    }

    /// Until when may be slept: no longer than until the counter can be measured.
    pub fn nearer(&self, until: Option<Instant>) -> Option<Instant> {
        let is_known = self.page.get().is_some() || self.measured.get().is_some();
        if is_known { until } else { Some(until.map_or(LOOK, |until| until.min(LOOK))) }
    }

    /// The time of day.
    pub fn wall(&self) -> Timestamp {
        let since = Duration::from_nanos(self.now().as_nanos());
        let start = self.wall.get().unwrap_or_else(|| {
            let start = match self.page.get() {
                Some((_, wall)) => {
                    // SAFETY: see `begin`.
                    let wall = unsafe { ptr::read_volatile(wall) };
                    // It is that of KVM's own start.
                    Duration::new(wall.seconds.into(), 0)
                        + Duration::from_nanos(u64::from(wall.nanoseconds).saturating_add(self.start.get()))
                }
                None => Duration::from_secs(battery_clock()).saturating_sub(since),
            };
            self.wall.set(Some(start));
            start
        });
        Timestamp(start + since)
    }

    fn kvm_now(&self) -> u64 {
        self.page.get().map_or(0, |(clock, _)| clock.now())
    }

    /// How far the counter has come since the start.
    fn count(&self) -> u64 {
        time_stamp().wrapping_sub(self.start.get())
    }

    /// The time since the start as the interval timer has it, in nanoseconds.
    fn by_timer(&self) -> u64 {
        let passed = passed();
        let count = self.count();
        match passed {
            Some(ticks) if ticks < ENOUGH => ticks * 1_000_000_000 / TIMER_RATE,
            _ => self.measure(passed.map(|ticks| (count, ticks))).nanoseconds(count),
        }
    }

    /// Measures the counter, by how far it has come in so many ticks if that is known.
    #[cold]
    fn measure(&self, come: Option<(u64, u64)>) -> Scale {
        let (count, ticks) = come.unwrap_or_else(wait);
        let scale = Scale::of(count.saturating_mul(TIMER_RATE) / ticks);
        self.measured.set(Some(scale));
        scale
    }
}

/// Begins a count of the interval timer down from its most (Intel 8254, mode 0); the time-stamp counter at that moment.
fn begin_timer() -> u64 {
    call::port_out(TIMER_MODE, 1, 0x30);
    call::port_out(TIMER, 1, 0xff);
    call::port_out(TIMER, 1, 0xff);
    time_stamp()
}

/// The interval timer's ticks since it was begun with; none once it has been through, or where there is none.
fn passed() -> Option<u64> {
    // Its status and its count, both as of now.
    call::port_out(TIMER_MODE, 1, 0xc2);
    let [status, low, high] = [(); 3].map(|()| u64::from(call::port_in(TIMER, 1) & 0xff));
    // Two bytes, mode 0, its output still low.
    (status == 0x30).then_some(TIMER_MOST - (low | high << 8))
}

/// How far the counter comes in how many ticks. Without a timer it is taken for one of 1 GHz, which is better than waiting.
fn wait() -> (u64, u64) {
    for _ in 0..TRIES {
        let start = begin_timer();
        for _ in 0..LOOKS {
            let Some(ticks) = passed() else { break };
            if ticks >= AT_LEAST {
                return (time_stamp() - start, ticks);
            }
        }
    }
    (1_000_000_000, TIMER_RATE)
}

/// The clock with a battery (MC146818): seconds since 1970.
fn battery_clock() -> u64 {
    let register = |number: u8| {
        call::port_out(CMOS, 1, number.into());
        call::port_in(CMOS + 1, 1) as u8
    };
    // Bit 7 of register A: an update is under way. Two times the same is one without.
    let read = || {
        while register(0xa) & 0x80 != 0 {}
        [0, 2, 4, 7, 8, 9, 0x32].map(register)
    };
    let mut fields = read();
    if fields == [0xff; 7] {
        return 0; // there is none
    }
    loop {
        let again = read();
        if again == fields {
            break;
        }
        fields = again;
    }
    let form = register(0xb);
    seconds(fields, form & 4 != 0, form & 2 != 0)
}

/// Seconds since 1970 of seconds, minutes, hours, day, month, year and century.
fn seconds(fields: [u8; 7], binary: bool, whole_day: bool) -> u64 {
    let value = |field: u8| u64::from(if binary { field } else { (field >> 4) * 10 + (field & 15) });
    let [second, minute, hour, day, month, year, century] = fields;
    let afternoon = !whole_day && hour & 0x80 != 0;
    let mut hour = value(hour & 0x7f);
    if !whole_day {
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let century = match value(century) {
        century @ 19..=22 => century,
        _ => 20,
    };
    days(century * 100 + value(year), value(month), value(day)) * 86_400
        + hour * 3600
        + value(minute) * 60
        + value(second)
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years from March on, so that a leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    days.saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_so_many_seconds() {
        assert_eq!(seconds([0, 0, 0, 1, 1, 70, 19], true, true), 0);
        assert_eq!(seconds([0x40, 0x46, 0x01, 0x09, 0x09, 0x01, 0x20], false, true), 1_000_000_000);
        assert_eq!(seconds([0x40, 0x46, 0x01, 0x09, 0x09, 0x01, 0xff], false, false), 1_000_000_000);
        assert_eq!(seconds([0, 0, 0x92, 0x29, 0x02, 0x24, 0x20], false, false), 1_709_164_800 + 12 * 3600);
    }
}
