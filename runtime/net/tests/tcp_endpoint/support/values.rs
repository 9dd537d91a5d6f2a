//! Time and numbers that repeat.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use rand_core::{TryCryptoRng, TryRng};

/// A clock that is set. All clones are one.
#[derive(Clone, Default)]
pub struct VirtualClock(Rc<Cell<Instant>>);

impl VirtualClock {
    pub fn set(&self, now: Instant) {
        self.0.set(now);
    }

    pub fn advance(&self, duration: Duration) {
        self.0.set(self.0.get() + duration);
    }
}

impl mirage::Clock for VirtualClock {
    fn now(&self) -> Instant {
        self.0.get()
    }
}

/// Numbers that are random enough for a test. All clones are one.
#[derive(Clone)]
pub struct Numbers(Rc<Cell<u64>>);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed)))
    }

    pub fn below(&self, end: u64) -> u64 {
        self.next() % end
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mixed = (self.0.get() ^ self.0.get() >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 7
    }
}

impl TryRng for Numbers {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next() << 32 ^ self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.next() as u8);
        Ok(())
    }
}

impl TryCryptoRng for Numbers {}
