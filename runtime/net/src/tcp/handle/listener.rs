//! A port that accepts connections.

use alloc::rc::Rc;
use core::future::poll_fn;
use core::task::Poll;

use super::Flow;
use crate::Error;
use crate::tcp::endpoint::{Core, Port};

/// A port that accepts connections. Dropped, it resets those that nobody has accepted.
pub struct Listener {
    core: Rc<Core>,
    port: Rc<Port>,
    number: u16,
}

impl Listener {
    pub(in crate::tcp) fn new(core: &Rc<Core>, number: u16) -> Result<Self, Error> {
        let port = core.ports.borrow_mut().add(number, Port::default())?;
        Ok(Self { core: Rc::clone(core), port, number })
    }
}

impl mirage::Listener for Listener {
    type Flow = Flow;
    type Error = Error;

    fn accept(&mut self) -> impl Future<Output = Result<Flow, Error>> {
        poll_fn(move |context| match self.port.queue.borrow_mut().pop_front() {
            Some(socket) => Poll::Ready(Ok(Flow::new(socket))),
            None => {
                self.port.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        })
    }

    fn port(&self) -> u16 {
        self.number
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.core.ports.borrow_mut().remove(self.number);
        for socket in self.port.queue.take() {
            socket.abort();
        }
    }
}
