//! The clocks of the kernel.

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use mirage::time::{Instant, Timestamp};

use crate::Platform;

/// `CLOCK_MONOTONIC`, counted from the start of the process.
#[derive(Clone)]
pub struct Clock(Platform);

impl Clock {
    /// The clock of this process.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self(platform.clone()))
    }
}

impl mirage::Clock for Clock {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

/// `CLOCK_REALTIME`.
#[derive(Clone)]
pub struct WallClock(());

impl WallClock {
    /// The clock of this host.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(_: &Platform) -> Result<Self, Infallible> {
        Ok(Self(()))
    }
}

impl mirage::WallClock for WallClock {
    fn now(&self) -> Timestamp {
        // A host whose clock stands before 1970 has no date worth telling.
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}
