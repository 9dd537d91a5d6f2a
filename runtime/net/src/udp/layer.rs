//! The layer: ports, and datagrams by port.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::ops::RangeInclusive;
use core::task::Poll;

use mirage::time::Instant;
use mirage::{Ip, Packet, Packets, Random, Undelivered, Why};

use super::format;
use super::socket::{Port, Socket, Wakers};
use crate::Error;
use crate::ports::Ports;

/// UDP over IP.
#[derive(Clone)]
pub struct Udp<I, R> {
    ip: I,
    random: R,
    table: Rc<Table>,
}

impl<I: Ip, R: Random> Udp<I, R> {
    /// Puts UDP on `ip`; `random` picks ports for those who ask for any (RFC 6056).
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ip: I, random: R) -> Result<Self, Infallible> {
        let table = Rc::new(Table::default());
        ip.attach(format::PROTOCOL, Rc::new(Above { ip: ip.clone(), table: table.clone() }));
        Ok(Self { ip, random, table })
    }

    /// What has become of the datagrams that came.
    pub fn counters(&self) -> Counters {
        self.table.counters.get()
    }

    /// A port of the dynamic range that nobody has: the first free one from a random one on (RFC 6056, section 3.3.1).
    fn free_port(&self) -> Result<u16, Error> {
        let ports = self.table.ports.borrow();
        let start = self.random.clone().next_u32();
        let width = u32::from(DYNAMIC.end() - DYNAMIC.start()) + 1;
        (0..width)
            .map(|step| DYNAMIC.start() + (start.wrapping_add(step) % width) as u16)
            .find(|port| !ports.is_taken(*port))
            .ok_or(Error::NoPort)
    }
}

/// The ports given to those who ask for any: 2¹⁵ of them, so that a forged reply has many to try.
pub const DYNAMIC: RangeInclusive<u16> = 32768..=65535;

impl<I: Ip, R: Random> mirage::Udp for Udp<I, R> {
    type Socket = Socket<I>;
    type Error = Error;

    async fn bind(&self, port: u16) -> Result<Socket<I>, Error> {
        let port = if port == 0 { self.free_port()? } else { port };
        let port = self.table.add(port)?;
        Ok(Socket::new(self.ip.clone(), self.table.clone(), port))
    }
}

/// What has become of the datagrams that came, since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Queued for a socket.
    pub delivered: u64,
    /// Dropped because the socket's queue was full.
    pub dropped: u64,
    /// Dropped because nobody has the port.
    pub unclaimed: u64,
    /// Dropped because the header or the checksum is wrong.
    pub malformed: u64,
}

/// The bound ports.
#[derive(Default)]
pub struct Table {
    ports: RefCell<Ports<Port>>,
    counters: Cell<Counters>,
    rounds: Cell<u64>,
    blocked: Wakers,
}

impl Table {
    fn add(&self, number: u16) -> Result<Rc<Port>, Error> {
        self.ports.borrow_mut().add(number, Port::new(number))
    }

    pub fn remove(&self, number: u16) {
        self.ports.borrow_mut().remove(number);
    }

    fn find(&self, number: u16) -> Option<Rc<Port>> {
        self.ports.borrow().find(number)
    }

    fn count(&self, count: impl FnOnce(&mut Counters)) {
        let mut counters = self.counters.get();
        count(&mut counters);
        self.counters.set(counters);
    }

    /// Waits until a round of the loop has ended.
    pub async fn next_round(&self, ip: &impl Ip) {
        let now = self.rounds.get();
        ip.wake();
        poll_fn(|context| {
            if self.rounds.get() != now {
                return Poll::Ready(());
            }
            self.blocked.add(context);
            Poll::Pending
        })
        .await;
    }
}

/// What IP hands datagrams to: the ports, and the way back to those who found none.
struct Above<I> {
    ip: I,
    table: Rc<Table>,
}

impl<I: Ip> Packets for Above<I> {
    fn input(&self, packet: Packet<'_>) {
        if !self.table.input(&packet) {
            self.ip.refuse(&packet);
        }
    }

    fn shares(&self) -> bool {
        true
    }

    fn claims(&self, packet: &Packet<'_>) -> bool {
        format::quoted(packet.payload).is_some_and(|ports| self.table.find(ports.destination).is_some())
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        self.table.undelivered(&report);
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        self.table.round();
        None
    }
}

impl Table {
    /// A datagram has come; false if nobody has its port.
    fn input(&self, packet: &Packet<'_>) -> bool {
        let Some((ports, data)) = format::parse(packet) else {
            self.count(|counters| counters.malformed += 1);
            return true;
        };
        let Some(port) = self.find(ports.destination) else {
            self.count(|counters| counters.unclaimed += 1);
            return false;
        };
        let taken = port.deliver(SocketAddr::new(packet.source, ports.source), data);
        self.count(|counters| *if taken { &mut counters.delivered } else { &mut counters.dropped } += 1);
        true
    }

    fn undelivered(&self, report: &Undelivered<'_>) {
        if report.why != Why::Refused {
            return;
        }
        let Some(ports) = format::quoted(report.quoted) else { return };
        if let Some(port) = self.find(ports.source) {
            port.refused(SocketAddr::new(report.destination, ports.destination));
        }
    }

    fn round(&self) {
        self.rounds.set(self.rounds.get().wrapping_add(1));
        self.blocked.wake();
    }
}
