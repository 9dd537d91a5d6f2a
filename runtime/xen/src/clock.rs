//! Time, as Xen tells it in the page it shares with a domain.

use core::cell::Cell;
use core::time::Duration;

use mirage::time::{Instant, Timestamp};
use mirage_pvh::pvclock::PvClock;
use mirage_pvh::time_stamp;

use crate::event::{INFO, WALL};

/// The clock.
pub struct Clock {
    page: Cell<Option<PvClock>>,
    start: Cell<u64>,
}

impl Clock {
    /// A clock before the start.
    pub const fn new() -> Self {
        Self { page: Cell::new(None), start: Cell::new(0) }
    }

    /// From here on time is counted, by what Xen says `time` bytes into `page`.
    #[expect(unsafe_code, reason = "it is Xen's page")]
    pub fn begin(&self, page: *const u8, time: usize) {
        // SAFETY: the page is a static, into whose place Xen has put its own; the time is aligned in it.
        self.page.set(Some(unsafe { PvClock::new(page.wrapping_add(time)) }));
        self.start.set(self.xen_now());
    }

    /// The time since the start.
    pub fn now(&self) -> Instant {
        Instant::from_nanos(self.xen_now().saturating_sub(self.start.get()))
    }

    /// The counter's value in that many nanoseconds.
    pub fn stamp_in(&self, nanoseconds: u64) -> u64 {
        let count = self.page.get().map_or(nanoseconds, |clock| clock.scale().count(nanoseconds));
        time_stamp().saturating_add(count)
    }

    /// The time of day: that of Xen's start, and what has passed since then.
    pub fn wall(&self) -> Timestamp {
        let info = INFO.shared();
        let start = loop {
            let version = info.load32(WALL);
            let seconds = u64::from(info.load32(WALL + 4)) | u64::from(info.load32(WALL + 12)) << 32;
            let nanoseconds = info.load32(WALL + 8);
            // Odd while it is written, another one afterwards.
            if version & 1 == 0 && version == info.load32(WALL) {
                break Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds.into());
            }
        };
        Timestamp(start + Duration::from_nanos(self.xen_now()))
    }

    fn xen_now(&self) -> u64 {
        self.page.get().map_or(0, PvClock::now)
    }
}
