//! The devices of this platform that not every unikernel has: what an image does not name is not in it.

use core::convert::Infallible;
use core::future::poll_fn;

use mirage::time::Timestamp;
use mirage_pvh::{Machine as _, Platform};

use crate::console;
use crate::machine::Xen;

/// The time of day, as Xen tells it.
#[derive(Clone)]
pub struct WallClock(&'static Xen);

/// The console: a ring that a back end reads and fills.
#[derive(Clone)]
pub struct Console(&'static Xen);

impl WallClock {
    /// The clock of this domain.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(Xen::get()))
    }
}

impl mirage::WallClock for WallClock {
    fn now(&self) -> Timestamp {
        self.0.clock().wall()
    }
}

impl Console {
    /// The console of this domain.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(Xen::get()))
    }
}

impl mirage::Console for Console {
    type Error = Infallible;

    async fn write(&self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.write(bytes);
        Ok(())
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        if buffer.is_empty() {
            return Ok(0);
        }
        Ok(poll_fn(|context| console::poll_read(context, buffer)).await)
    }
}
