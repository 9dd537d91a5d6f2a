//! Time: the hypervisor's, if it is KVM, else the time-stamp counter measured once against the interval timer.

use core::cell::Cell;
use core::ptr;
use core::time::Duration;

use mirage::time::{Instant, Timestamp};
use mirage_pvh::pvclock::{self, PvClock, Scale};
use mirage_pvh::{call, time_stamp};

use crate::ports::{CMOS, TIMER, TIMER_MODE};

/// Ticks of the interval timer a second.
const TIMER_RATE: u64 = 1_193_182;
/// How many of them the counter is measured over: 2 ms, of which a port's read is about a thousandth.
const MEASURED: u16 = 2_386;

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
        self.start.set(if page.is_some() { self.kvm_now() } else { time_stamp() });
    }

    /// The time since the start.
    pub fn now(&self) -> Instant {
        Instant::from_nanos(match self.page.get() {
            Some(_) => self.kvm_now().saturating_sub(self.start.get()),
            None => self.scale().nanoseconds(time_stamp().wrapping_sub(self.start.get())),
        })
    }

    /// The counter's value in that many nanoseconds.
    pub fn stamp_in(&self, nanoseconds: u64) -> u64 {
        let scale = self.page.get().map_or_else(|| self.scale(), |(clock, _)| clock.scale());
        time_stamp().saturating_add(scale.count(nanoseconds))
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

    fn scale(&self) -> Scale {
        self.measured.get().unwrap_or_else(|| {
            let scale = measure();
            self.measured.set(Some(scale));
            scale
        })
    }
}

/// Measures the counter: a single count of the interval timer down from its most (Intel 8254, mode 0).
fn measure() -> Scale {
    call::port_out(TIMER_MODE, 1, 0x30);
    call::port_out(TIMER, 1, 0xff);
    call::port_out(TIMER, 1, 0xff);
    let (first, start) = (count_down(), time_stamp());
    // A timer that is not there stands still: then the counter is taken for one of 1 GHz, which is better than waiting.
    for _ in 0..1_000_000 {
        let (now, stamp) = (count_down(), time_stamp());
        let passed = first.wrapping_sub(now);
        if (MEASURED..0x8000).contains(&passed) {
            return Scale::of((stamp - start) * TIMER_RATE / u64::from(passed));
        }
    }
    Scale::of(1_000_000_000)
}

fn count_down() -> u16 {
    call::port_out(TIMER_MODE, 1, 0);
    let low = call::port_in(TIMER, 1) & 0xff;
    (low | (call::port_in(TIMER, 1) & 0xff) << 8) as u16
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
