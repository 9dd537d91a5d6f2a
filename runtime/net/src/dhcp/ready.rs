//! Waiting for the first address.

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;

use crate::udp::Wakers;

/// Told once that there is an address.
#[derive(Default)]
pub struct Ready {
    there: Cell<bool>,
    waiting: Wakers,
}

impl Ready {
    pub fn set(&self) {
        self.there.set(true);
        self.waiting.wake();
    }

    pub fn wait(&self) -> impl Future<Output = ()> {
        poll_fn(move |context| {
            if self.there.get() {
                return Poll::Ready(());
            }
            self.waiting.add(context);
            Poll::Pending
        })
    }
}
