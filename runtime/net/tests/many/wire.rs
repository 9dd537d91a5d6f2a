//! A network interface whose link is two lists of frames.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io_async::ErrorKind;
use mirage::{MacAddress, Network, Offload, Offloads, Received};

/// The interface's hardware address, and that of the router at the other end.
pub const HERE: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
pub const ROUTER: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

/// Frames one behind the other, in memory that is used again and again.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    pub fn push(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
    }

    /// Takes all of them; how many there were.
    pub fn drain(&mut self, mut each: impl FnMut(&mut [u8])) -> usize {
        let (count, mut start) = (self.ends.len(), 0);
        for end in self.ends.drain(..) {
            each(&mut self.bytes[start..end]);
            start = end;
        }
        self.bytes.clear();
        count
    }
}

/// The interface. All clones are one. It does checksums, as a tap device and virtio-net do.
#[derive(Clone, Default)]
pub struct Wire(Rc<State>);

#[derive(Default)]
struct State {
    incoming: RefCell<Frames>,
    outgoing: RefCell<Frames>,
    waker: RefCell<Option<Waker>>,
}

impl Wire {
    /// Has frames come.
    pub fn put(&self, frames: &mut Frames) {
        std::mem::swap(&mut *self.0.incoming.borrow_mut(), frames);
        self.0.waker.take().into_iter().for_each(Waker::wake);
    }

    /// Takes what was sent.
    pub fn sent(&self, each: impl FnMut(&mut [u8])) -> usize {
        self.0.outgoing.borrow_mut().drain(each)
    }
}

impl Network for Wire {
    type Error = ErrorKind;

    fn mac(&self) -> MacAddress {
        HERE
    }

    fn mtu(&self) -> usize {
        1500
    }

    fn offloads(&self) -> Offloads {
        Offloads { checksum: true, ..Offloads::default() }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ErrorKind>> {
        if !self.0.incoming.borrow().ends.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match &mut *self.0.waker.borrow_mut() {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn receive(&mut self, _: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, ErrorKind> {
        let received = Received { checksum: true, segment: 0 };
        Ok(self.0.incoming.borrow_mut().drain(|frame| deliver(frame, received)))
    }

    fn send(&mut self, frame: &[&[u8]], _: Offload) -> Result<bool, ErrorKind> {
        self.0.outgoing.borrow_mut().push(frame);
        Ok(true)
    }

    fn notify(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
