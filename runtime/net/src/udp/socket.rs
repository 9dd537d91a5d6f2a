//! Sockets: what an application holds, and what the layer keeps of it.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::net::SocketAddr;
use core::task::{Context, Poll, Waker};

use mirage::{Header, Ip, Refused};

use super::format::{self, Ports};
use super::layer::Table;
use super::queue::Queue;
use crate::Error;

/// Rounds of the loop a datagram waits for room in the interface's queue before it is given up.
const PATIENCE: usize = 16;

/// A bound UDP port.
pub struct Socket<I> {
    ip: I,
    table: Rc<Table>,
    port: Rc<Port>,
}

/// What the layer keeps of a bound port.
pub struct Port {
    pub number: u16,
    queue: RefCell<Queue>,
    readers: Wakers,
    failed: Cell<Option<Error>>,
    talk: Cell<Talk>,
    dropped: Cell<u64>,
}

/// Whom a socket talks to: whether a report that a datagram was refused means anything to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Talk {
    /// Nobody yet.
    Silent,
    /// It has sent to this one, and nobody has answered.
    Asking(SocketAddr),
    /// Anything else.
    Open,
}

impl Port {
    pub fn new(number: u16) -> Self {
        Self {
            number,
            queue: RefCell::default(),
            readers: Wakers::default(),
            failed: Cell::new(None),
            talk: Cell::new(Talk::Silent),
            dropped: Cell::new(0),
        }
    }

    /// A datagram has come; false when it was dropped.
    pub fn deliver(&self, from: SocketAddr, data: &[u8]) -> bool {
        self.talk.set(Talk::Open);
        let taken = self.queue.borrow_mut().push(from, data);
        if !taken {
            self.dropped.set(self.dropped.get() + 1);
        }
        self.readers.wake();
        taken
    }

    /// Somebody says that nobody takes datagrams at `peer`. That is believed of the only peer, and only while it has
    /// never answered: a server must not be disturbed by clients that are gone, nor by whoever pretends they are.
    pub fn refused(&self, peer: SocketAddr) {
        if self.talk.get() == Talk::Asking(peer) {
            self.failed.set(Some(Error::ConnectionRefused));
            self.readers.wake();
        }
    }
}

impl<I: Ip> Socket<I> {
    pub(super) fn new(ip: I, table: Rc<Table>, port: Rc<Port>) -> Self {
        Self { ip, table, port }
    }

    /// How many datagrams were dropped because nobody read those that came before.
    pub fn dropped(&self) -> u64 {
        self.port.dropped.get()
    }

    fn submit(&self, data: &[u8], to: SocketAddr) -> Result<(), Error> {
        let destination = to.ip();
        // The length field counts the header; over IPv4 the IP header is part of the 64 KiB besides.
        let most = usize::from(u16::MAX) - format::HEADER - if destination.is_ipv4() { 20 } else { 0 };
        if data.len() > most {
            return Err(Refused::TooLarge.into());
        }
        let length = u16::try_from(data.len() + format::HEADER).map_err(|_| Refused::TooLarge)?;
        let route = self.ip.route(destination)?;
        // A device sums up one packet, not the fragments of one.
        let whole = usize::from(length) + if destination.is_ipv4() { 20 } else { 40 } <= usize::from(route.mtu);
        let ports = Ports { source: self.port.number, destination: to.port() };
        let by_device = route.offloads.checksum && whole;
        let (header, offload) = format::header(ports, route.source, destination, data, length, by_device);
        let about = Header { source: route.source, destination, protocol: format::PROTOCOL, whole: false };
        Ok(self.ip.send(about, &[&header, data], offload)?)
    }
}

impl<I: Ip> mirage::UdpSocket for Socket<I> {
    type Error = Error;

    fn receive(&self, buffer: &mut [u8]) -> impl Future<Output = Result<(usize, SocketAddr), Error>> {
        poll_fn(move |context| {
            if let Some(datagram) = self.port.queue.borrow_mut().pop(buffer) {
                return Poll::Ready(Ok(datagram));
            }
            if let Some(error) = self.port.failed.take() {
                return Poll::Ready(Err(error));
            }
            self.port.readers.add(context);
            Poll::Pending
        })
    }

    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), Error> {
        // An IPv4 address in IPv6 clothes (RFC 4291, section 2.5.5.2) is an IPv4 address.
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        if let Some(error) = self.port.failed.take() {
            return Err(error);
        }
        if to.port() == 0 {
            return Err(Error::Unreachable);
        }
        let talk = match self.port.talk.get() {
            Talk::Silent => Talk::Asking(to),
            Talk::Asking(peer) if peer == to => Talk::Asking(to),
            _ => Talk::Open,
        };
        self.port.talk.set(talk);
        for _ in 0..PATIENCE {
            match self.submit(data, to) {
                Err(Error::Send(Refused::Full)) => self.table.next_round(&self.ip).await,
                done => return done,
            }
        }
        Err(Refused::Full.into())
    }

    fn port(&self) -> u16 {
        self.port.number
    }
}

impl<I> Drop for Socket<I> {
    fn drop(&mut self) {
        self.table.remove(self.port.number);
    }
}

/// Tasks that wait for the same thing.
#[derive(Default)]
pub struct Wakers(RefCell<Vec<Waker>>);

impl Wakers {
    /// Wakes the task of this context next time; a task is not counted twice.
    pub fn add(&self, context: &Context<'_>) {
        let mut wakers = self.0.borrow_mut();
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
    }

    /// Wakes all of them.
    pub fn wake(&self) {
        // One at a time: what a waker does is its own affair, so nothing may be borrowed meanwhile.
        loop {
            let waker = self.0.borrow_mut().pop();
            match waker {
                Some(waker) => waker.wake(),
                None => break,
            }
        }
    }
}
