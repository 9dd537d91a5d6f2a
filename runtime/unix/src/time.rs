//! Sleeping.

use std::convert::Infallible;
use std::time::Duration;

use crate::Platform;

/// Sleeps on the loop's timers.
#[derive(Clone)]
pub struct Time(Platform);

impl Time {
    /// The timers of this process.
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
