//! Waiting.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

/// Sleeps and time-outs.
///
/// MirageOS's `Mirage_sleep`, with the time-outs Lwt adds to it.
#[diagnostic::on_unimplemented(
    message = "a time device is wanted here, but this is a `{Self}`",
    label = "not a time device"
)]
pub trait Time: Clone + 'static {
    /// Waits for at least `duration`. Dropping the future cancels it.
    async fn sleep(&self, duration: Duration);

    /// Runs `future` for at most `duration`; past that it is dropped.
    ///
    /// # Errors
    /// [`Elapsed`] when the time is up first. A future that is ready in the same instant wins.
    async fn timeout<F: Future>(&self, duration: Duration, future: F) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut sleep = pin!(self.sleep(duration));
        core::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            sleep.as_mut().poll(context).map(|()| Err(Elapsed))
        })
        .await
    }
}

/// The time given to [`Time::timeout`] was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl core::error::Error for Elapsed {}
