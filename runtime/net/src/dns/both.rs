//! Two things at once.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use mirage::Time;

/// Runs both futures to their ends; but once one of them is done and `enough`, the other has only `grace` left.
pub async fn both<T: Time, A>(
    time: &T,
    grace: Duration,
    enough: impl Fn(&A) -> bool,
    one: impl Future<Output = A>,
    two: impl Future<Output = A>,
) -> (Option<A>, Option<A>) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = two.as_mut().poll(context)
        {
            second = Some(done);
        }
        if first.is_some() || second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    match (first, second) {
        (Some(first), None) => {
            let second = if enough(&first) { time.timeout(grace, two).await.ok() } else { Some(two.await) };
            (Some(first), second)
        }
        (None, Some(second)) => {
            let first = if enough(&second) { time.timeout(grace, one).await.ok() } else { Some(one.await) };
            (first, Some(second))
        }
        done => done,
    }
}
