//! Jobs side by side.

use core::future::Future;
use core::pin::pin;
use core::task::Poll;

use super::Failure;

/// Runs two jobs side by side: done when both are, failed as soon as one is (the other is dropped).
///
/// # Errors
/// The first failure.
pub async fn both(
    left: impl Future<Output = Result<(), Failure>>,
    right: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut left_done, mut right_done) = (false, false);
    core::future::poll_fn(|context| {
        if !left_done && let Poll::Ready(outcome) = left.as_mut().poll(context) {
            outcome?;
            left_done = true;
        }
        if !right_done && let Poll::Ready(outcome) = right.as_mut().poll(context) {
            outcome?;
            right_done = true;
        }
        if left_done && right_done { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}
