//! Waiting.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use pin_project_lite::pin_project;

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
    fn timeout<F: Future>(&self, duration: Duration, future: F) -> impl Future<Output = Result<F::Output, Elapsed>> {
        Timeout { future, sleep: self.sleep(duration) }
    }
}

pin_project! {
    /// A future and the end of its time. Not an `async fn`, which would have room for the future twice: as what it was
    /// given, and where it polls it.
    struct Timeout<F, S> {
        #[pin]
        future: F,
        #[pin]
        sleep: S,
    }
}

impl<F: Future, S: Future<Output = ()>> Future for Timeout<F, S> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        this.sleep.poll(context).map(|()| Err(Elapsed))
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
