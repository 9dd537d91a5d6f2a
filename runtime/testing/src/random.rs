//! Random numbers that repeat.

use std::cell::RefCell;
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::rc::Rc;

use fastrand::Rng;
use rand_core::{TryCryptoRng, TryRng};

/// The random device of a test, foretold by the test's seed: random enough for a test, and for nothing else. All clones
/// are one generator.
#[derive(Clone)]
pub struct Random(Rc<RefCell<Rng>>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Rng::with_seed(seed))))
    }

    /// A number of a range, the ends included.
    pub fn within(&self, range: &RangeInclusive<u64>) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1);
        // The bias of a remainder is nothing to a test.
        range.start().saturating_add(self.0.borrow_mut().u64(..) % width)
    }

    /// True with this probability, from 0 to 1.
    pub fn chance(&self, probability: f64) -> bool {
        const STEPS: u64 = 1 << 53;
        let step = self.within(&(0..=STEPS - 1));
        (step as f64) < probability * STEPS as f64
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.borrow_mut().u32(..))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.borrow_mut().u64(..))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.borrow_mut().fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random {}
