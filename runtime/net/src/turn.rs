//! Whose turn it is.

use core::pin::Pin;
use core::task::{Context, Poll};

/// Lets every task run that is ready.
pub fn give_way() -> GiveWay {
    GiveWay { given: false }
}

/// What [`give_way`] waits for.
pub struct GiveWay {
    given: bool,
}

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if core::mem::replace(&mut self.given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
