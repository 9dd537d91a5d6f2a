//! The devices of this platform that not every unikernel has: what an image does not name is not in it.

use core::convert::Infallible;
use core::future::poll_fn;

use mirage::time::Timestamp;
use mirage_pvh::{Machine as _, Platform};

use crate::machine::Kvm;

/// The time of day, of KVM or of the clock with a battery.
#[derive(Clone)]
pub struct WallClock(&'static Kvm);

/// The console: the first serial port.
#[derive(Clone)]
pub struct Console(&'static Kvm);

impl WallClock {
    /// The clock of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(Kvm::get()))
    }
}

impl mirage::WallClock for WallClock {
    fn now(&self) -> Timestamp {
        self.0.clock().wall()
    }
}

impl Console {
    /// The console of this machine.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(Kvm::get()))
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
        Ok(poll_fn(|context| self.0.serial().poll_read(context, buffer)).await)
    }
}
