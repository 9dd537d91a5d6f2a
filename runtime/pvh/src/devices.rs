//! The devices every bare-metal platform has, over its [`Machine`](crate::Machine).

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::poll_fn;
use core::marker::PhantomData;
use core::time::Duration;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use chacha20::ChaCha20Rng;
use mirage::log::{self, Log, Metadata, Record};
use mirage::time::{Instant, Timestamp};
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};

use crate::fault::write;
use crate::platform::{Host, Machine};
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

/// The time of day, as the hypervisor or the machine has it.
pub struct WallClock<H: Host>(&'static H);

/// The console: what is said goes there, and what is typed comes from it.
pub struct Console<H: Host>(&'static H);

/// ChaCha20 seeded by the machine, one generator for all clones.
pub struct Random<H: Host>(Rc<RefCell<ChaCha20Rng>>, PhantomData<fn() -> H>);

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
            write(&line);
        }
    }

    fn flush(&self) {}
}

impl<H: Host> Clone for WallClock<H> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<H: Host> WallClock<H> {
    /// The clock of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(H::get()))
    }
}

impl<H: Host> mirage::WallClock for WallClock<H> {
    fn now(&self) -> Timestamp {
        self.0.wall()
    }
}

impl<H: Host> Clone for Console<H> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<H: Host> Console<H> {
    /// The console of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(H::get()))
    }
}

impl<H: Host> mirage::Console for Console<H> {
    type Error = Infallible;

    async fn write(&self, bytes: &[u8]) -> Result<(), Infallible> {
        write(bytes);
        Ok(())
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        if buffer.is_empty() {
            return Ok(0);
        }
        Ok(poll_fn(|context| self.0.poll_read(context, buffer)).await)
    }
}

impl<H: Host> Clone for Random<H> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0), PhantomData)
    }
}

impl<H: Host> Random<H> {
    /// Takes a seed from what the machine has.
    ///
    /// # Errors
    /// When it has nothing to take one from.
    pub async fn connect(platform: &Platform) -> Result<Self, Error> {
        let seed = seed(H::get().seed(platform).await)?;
        Ok(Self(Rc::new(RefCell::new(ChaCha20Rng::from_seed(seed))), PhantomData))
    }
}

impl<H: Host> TryRng for Random<H> {
    type Error = Infallible;

    #[inline(never)] // called where little else is
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.borrow_mut().next_u32())
    }

    #[inline(never)]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.borrow_mut().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.borrow_mut().fill_bytes(bytes);
        Ok(())
    }
}

impl<H: Host> TryCryptoRng for Random<H> {}
