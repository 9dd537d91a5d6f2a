//! The loop over an interface.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use mirage::time::Instant;
use mirage::{Clock, Network, Time};

use super::layer::Shared;
use crate::turn::give_way;

/// Frames taken at once, before the tasks they are for run and what they say is sent.
const BATCH: usize = 128;

/// Goes round until the interface is gone.
pub(super) async fn run<N: Network>(shared: Rc<Shared<N>>, clock: impl Clock, time: impl Time) {
    let error = rounds(&shared, &clock, &time).await;
    log::error!("a network interface is gone, and with it all connections over it: {error}");
}

async fn rounds<N: Network>(shared: &Shared<N>, clock: &impl Clock, time: &impl Time) -> N::Error {
    let mut alarm = Alarm { clock, time, armed: None };
    let mut deadline = None;
    loop {
        let ready = match poll_fn(|context| wait(shared, &mut alarm, deadline, context)).await {
            Ok(ready) => ready,
            Err(error) => return error,
        };
        if ready {
            let now = clock.now();
            let mut deliver = |frame: &mut [u8], received| shared.input(frame, received, now);
            let received = shared.network.borrow_mut().receive(BATCH, &mut deliver);
            match received {
                Ok(0) => {}
                Ok(_) => {
                    shared.end_batch();
                    // Whoever was woken has its turn first: what it says goes out in this round.
                    give_way().await;
                }
                Err(error) => return error,
            }
        }
        // Whoever asks for a round from here on is polled below, or asks while that is under way.
        shared.wanted.set(false);
        drain(shared);
        deadline = shared.poll(clock.now());
        if let Err(error) = shared.network.borrow_mut().notify() {
            return error;
        }
        if shared.wanted.get() {
            // Somebody asked for a round while being polled: whoever does so each time keeps no task from running.
            give_way().await;
        }
    }
}

/// Waits for frames, for somebody who asks for a round, or for the deadline; tells whether there may be frames.
fn wait<N: Network>(
    shared: &Shared<N>,
    alarm: &mut Alarm<'_, impl Clock, impl Time>,
    deadline: Option<Instant>,
    context: &mut Context<'_>,
) -> Poll<Result<bool, N::Error>> {
    if let Poll::Ready(ready) = shared.network.borrow_mut().poll_ready(context) {
        return Poll::Ready(ready.map(|()| true));
    }
    if shared.wanted.get() {
        return Poll::Ready(Ok(false));
    }
    let mut waker = shared.loop_waker.borrow_mut();
    match &mut *waker {
        Some(waker) => waker.clone_from(context.waker()),
        none => *none = Some(context.waker().clone()),
    }
    drop(waker);
    alarm.poll(deadline, context).map(|()| Ok(false))
}

/// Sends what was queued while the interface was borrowed.
fn drain<N: Network>(shared: &Shared<N>) {
    let mut pending = shared.pending.borrow_mut();
    if !pending.is_empty() {
        let mut network = shared.network.borrow_mut();
        // An interface that fails says so again when it is asked for frames.
        pending.drain(|frame, offload| network.send(&[frame], offload).unwrap_or(true));
    }
}

/// A deadline that mostly moves on: a timer once armed is left alone while it rings early enough, and looked at again
/// when it does.
struct Alarm<'t, C, T> {
    clock: &'t C,
    time: &'t T,
    armed: Option<(Instant, Timer<'t>)>,
}

/// What rings once.
type Timer<'t> = Pin<Box<dyn Future<Output = ()> + 't>>;

impl<C: Clock, T: Time> Alarm<'_, C, T> {
    fn poll(&mut self, deadline: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        loop {
            let armed = match &mut self.armed {
                Some(armed) if armed.0 <= deadline => armed,
                stale => {
                    let (time, left) = (self.time, deadline.since(self.clock.now()));
                    stale.insert((deadline, Box::pin(async move { time.sleep(left).await })))
                }
            };
            if armed.1.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let at = armed.0;
            self.armed = None;
            if at >= deadline || self.clock.now() >= deadline {
                return Poll::Ready(());
            }
        }
    }
}
