//! The devices every bare-metal platform has, over its [`Machine`](crate::Machine).

use core::cell::RefCell;
use core::convert::Infallible;
use core::time::Duration;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use chacha20::ChaCha20Rng;
use mirage::log::{self, Log, Metadata, Record};
use mirage::time::Instant;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};

use crate::platform::Machine;
use crate::random::seed;
use crate::{Error, Platform};

/// Time since the start, of the hypervisor's clock.
#[derive(Clone)]
pub struct Clock(&'static dyn Machine);

/// Sleeps on the loop's timers.
#[derive(Clone)]
pub struct Time(Platform);

/// Starts tasks on the loop.
#[derive(Clone)]
pub struct Spawner(Platform);

/// Writes what passes `--logs` to the console, a line a write.
#[derive(Clone)]
pub struct Logger(());

/// ChaCha20 seeded by the machine, one generator for all clones.
#[derive(Clone)]
pub struct Random(Rc<RefCell<ChaCha20Rng>>);

impl Clock {
    /// The clock of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self(platform.machine()))
    }
}

impl mirage::Clock for Clock {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

impl Time {
    /// The timers of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self(platform.clone()))
    }
}

impl mirage::Time for Time {
    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

impl Spawner {
    /// The loop of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self(platform.clone()))
    }
}

impl mirage::Spawn for Spawner {
    fn spawn<F: Future<Output = ()> + 'static>(&self, task: F) {
        self.0.start(task);
    }
}

impl Logger {
    /// Installs the sink.
    ///
    /// # Errors
    /// Never: `--logs` was read before there was a device.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        let most = platform.boot().logs.most();
        // A second logger changes nothing: the first one stands. What is leaked lives as long as the image.
        if ::log::set_logger(Box::leak(Box::new(Sink(platform.clone())))).is_ok() {
            ::log::set_max_level(most);
        }
        Ok(Self(()))
    }
}

impl mirage::Logger for Logger {}

struct Sink(Platform);

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Sink {}
// SAFETY: as above.
unsafe impl Send for Sink {}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.boot().logs.passes(metadata.target(), metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut line = Vec::with_capacity(128);
            log::record(&mut line, self.0.machine().now(), record);
            self.0.machine().write(&line);
        }
    }

    fn flush(&self) {}
}

impl Random {
    /// Takes a seed from what the machine has.
    ///
    /// # Errors
    /// When it has nothing to take one from.
    pub async fn connect(_: &Platform) -> Result<Self, Error> {
        Self::new(None)
    }

    /// A generator whose seed is also made of what a device `gave`.
    ///
    /// # Errors
    /// When that is nothing, and the processor has nothing either.
    pub fn new(gave: Option<[u8; 32]>) -> Result<Self, Error> {
        Ok(Self(Rc::new(RefCell::new(ChaCha20Rng::from_seed(seed(gave)?)))))
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
