//! Random numbers: ChaCha20, seeded by the kernel.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::{Error, Platform};

/// ChaCha20 seeded by `getrandom(2)`, one generator for all clones.
#[derive(Clone)]
pub struct Random(Rc<RefCell<ChaCha20Rng>>);

impl Random {
    /// Takes a seed from the kernel.
    ///
    /// # Errors
    /// When the kernel has no `getrandom`.
    pub async fn connect(_: &Platform) -> Result<Self, Error> {
        let mut seed = [0; 32];
        let mut filled = 0;
        while let Some(rest) = seed.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match getrandom(rest, GetRandomFlags::empty()) {
                Ok(more) => filled += more,
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(Error::about(errno, "getrandom")),
            }
        }
        Ok(Self(Rc::new(RefCell::new(ChaCha20Rng::from_seed(seed)))))
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.borrow_mut().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.borrow_mut().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.borrow_mut().fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random {}
