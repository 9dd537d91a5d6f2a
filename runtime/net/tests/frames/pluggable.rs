//! An interface that can be unplugged, and layers taken apart: so that nothing is left of a stack when a run is over.

use std::cell::Cell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use embedded_io_async::ErrorKind;
use mirage::time::Instant;
use mirage::{Ethernet, EthernetFrame, Frames, Ip, MacAddress, Network, Offload, Packet, Packets, Received};
use mirage_test::Port;

/// A port that is there for as long as its [`Plug`] is.
pub struct Pluggable {
    port: Port,
    plug: Weak<Waiting>,
}

/// Dropping it unplugs the port.
pub struct Plug(Rc<Waiting>);

/// Who is to hear of it.
#[derive(Default)]
struct Waiting(Cell<Option<Waker>>);

impl Pluggable {
    pub fn new(port: Port) -> (Self, Plug) {
        let waiting = Rc::<Waiting>::default();
        (Self { port, plug: Rc::downgrade(&waiting) }, Plug(waiting))
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        self.0.0.take().into_iter().for_each(Waker::wake);
    }
}

/// The port was unplugged.
#[derive(Debug)]
pub struct Unplugged;

impl fmt::Display for Unplugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unplugged")
    }
}

impl std::error::Error for Unplugged {}

impl embedded_io_async::Error for Unplugged {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NotConnected
    }
}

impl Network for Pluggable {
    type Error = Unplugged;

    fn mac(&self) -> MacAddress {
        self.port.mac()
    }

    fn mtu(&self) -> usize {
        self.port.mtu()
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unplugged>> {
        let Some(waiting) = self.plug.upgrade() else { return Poll::Ready(Err(Unplugged)) };
        waiting.0.set(Some(context.waker().clone()));
        self.port.poll_ready(context).map(|ready| ready.map_err(|never| match never {}))
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Unplugged> {
        self.port.receive(most, deliver).map_err(|never| match never {})
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Unplugged> {
        self.port.send(frame, offload).map_err(|never| match never {})
    }

    fn notify(&mut self) -> Result<(), Unplugged> {
        self.port.notify().map_err(|never| match never {})
    }
}

/// Has every layer let go of those above.
pub fn detach(ethernet: &impl Ethernet, ip: &impl Ip) {
    [0x0800, 0x0806, 0x86dd].into_iter().for_each(|ethertype| ethernet.attach(ethertype, Rc::new(Nobody)));
    [6, 17].into_iter().for_each(|protocol| ip.attach(protocol, Rc::new(Nobody)));
}

/// What takes the place of a layer.
struct Nobody;

impl Frames for Nobody {
    fn input(&self, _: EthernetFrame<'_>) {}

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

impl Packets for Nobody {
    fn input(&self, _: Packet<'_>) {}

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}
