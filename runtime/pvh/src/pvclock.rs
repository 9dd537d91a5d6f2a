//! The clock that KVM and Xen keep in a page: what the time was at one value of the time-stamp counter, and how fast it
//! counts (Xen, xen/include/public/xen.h, `struct vcpu_time_info`; Linux, Documentation/virt/kvm/x86/msr.rst).

use core::ptr;
use core::sync::atomic::{Ordering, fence};

use crate::setup::time_stamp;

/// How a count becomes nanoseconds: by `multiplier` / 2³², after a shift to the left, or to the right if it is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// See above.
    pub multiplier: u32,
    /// See above.
    pub shift: i8,
}

/// A page that a hypervisor writes the time into.
#[derive(Clone, Copy)]
pub struct PvClock(*const Page);

#[repr(C)]
#[derive(Clone, Copy)]
struct Page {
    version: u32,
    _gap: u32,
    stamp: u64,
    nanoseconds: u64,
    multiplier: u32,
    shift: i8,
    flags: u8,
    _end: [u8; 2],
}

/// What there is of it in a page, in bytes.
pub const LENGTH: usize = size_of::<Page>();

impl PvClock {
    /// The clock in a page.
    ///
    /// # Safety
    /// The page must be readable for good, aligned to 8 bytes, and the hypervisor's to write.
    pub const unsafe fn new(page: *const u8) -> Self {
        Self(page.cast())
    }

    /// The hypervisor's nanoseconds.
    pub fn now(self) -> u64 {
        let page = self.read();
        let since = time_stamp().saturating_sub(page.stamp);
        page.nanoseconds.wrapping_add(scale(&page).nanoseconds(since))
    }

    /// How fast the counter counts.
    pub fn scale(self) -> Scale {
        scale(&self.read())
    }

    /// What the hypervisor says, read whole: its version is odd while it writes, and another one afterwards.
    fn read(self) -> Page {
        loop {
            // SAFETY: see `new`.
            let (page, again) = unsafe {
                let page = ptr::read_volatile(self.0);
                fence(Ordering::Acquire);
                (page, ptr::read_volatile(&raw const (*self.0).version))
            };
            if page.version & 1 == 0 && page.version == again {
                return page;
            }
        }
    }
}

fn scale(page: &Page) -> Scale {
    Scale { multiplier: page.multiplier, shift: page.shift.clamp(-31, 31) }
}

impl Scale {
    /// That of a counter with so many counts a second.
    pub fn of(rate: u64) -> Self {
        // As large a multiplier as fits, for precision. A division of 128 bits is left out: it is a kilobyte.
        let rate = rate.max(1);
        let (mut multiplier, mut rest, mut shift) = ((1_000_000_000 << 32) / rate, (1_000_000_000 << 32) % rate, 0);
        while multiplier > u32::MAX.into() {
            multiplier >>= 1;
            shift += 1;
        }
        while multiplier < 1 << 31 && shift > -31 {
            let next = rest >= rate - rest;
            rest = if next { rest - (rate - rest) } else { rest * 2 };
            multiplier = multiplier << 1 | u64::from(next);
            shift -= 1;
        }
        Self { multiplier: multiplier as u32, shift }
    }

    /// A count in nanoseconds.
    pub fn nanoseconds(self, count: u64) -> u64 {
        let shifted = if self.shift < 0 { u128::from(count) >> -self.shift } else { u128::from(count) << self.shift };
        ((shifted * u128::from(self.multiplier)) >> 32) as u64
    }

    /// Nanoseconds as a count.
    pub fn count(self, nanoseconds: u64) -> u64 {
        // Two divisions of 64 bits, whose parts do not meet: what is left of the first is below 2³².
        let by = u64::from(self.multiplier.max(1));
        let wide = (u128::from(nanoseconds / by) << 32) + u128::from(((nanoseconds % by) << 32) / by);
        let count = if self.shift < 0 { wide << -self.shift } else { wide >> self.shift };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_nanoseconds_are_of_one_scale() {
        for rate in [1_000_000, 999_999_937, 1_000_000_000, 2_400_000_000, 5_100_000_000] {
            let scale = Scale::of(rate);
            for seconds in [1, 60, 86_400 * 365] {
                let exact = seconds * 1_000_000_000;
                assert!(scale.nanoseconds(rate * seconds).abs_diff(exact) <= exact / 1_000_000_000 * 2 + 2, "{rate}");
                assert!(
                    scale.count(exact).abs_diff(rate * seconds) <= rate * seconds / 1_000_000_000 * 2 + 2,
                    "{rate}"
                );
            }
        }
    }
}
