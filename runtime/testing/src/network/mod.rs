//! A network of hosts in memory, at the level of sockets: connections and datagrams with delay, loss and back-pressure.

mod flow;
mod host;
mod pipe;
mod tcp;
mod udp;

pub use flow::{Flow, Reader, Writer};
pub use host::{Host, Stack, read_to_end};
pub use tcp::{Listener, Tcp};
pub use udp::{Udp, UdpSocket};

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;

use crate::signal::Signal;
use crate::{Clock, Random};

/// The network between hosts. All clones are one network.
#[derive(Clone)]
pub struct Network(Rc<Inner>);

struct Inner {
    clock: Clock,
    random: Random,
    conditions: RefCell<Conditions>,
    ports: RefCell<Ports>,
    changed: Signal,
}

/// How well the network works.
struct Conditions {
    /// In microseconds.
    latency: RangeInclusive<u64>,
    pieces: RangeInclusive<u64>,
    udp_loss: f64,
    silent: BTreeSet<IpAddr>,
}

/// Who listens where.
#[derive(Default)]
struct Ports {
    tcp: BTreeMap<SocketAddr, tcp::Backlog>,
    udp: BTreeMap<SocketAddr, udp::Inbox>,
}

impl Network {
    /// The first port given to somebody who asks for none (RFC 6335: dynamic ports).
    const DYNAMIC: u16 = 49152;

    pub(crate) fn new(clock: Clock, random: Random) -> Self {
        let conditions =
            RefCell::new(Conditions { latency: 100..=500, pieces: 1..=1460, udp_loss: 0.0, silent: BTreeSet::new() });
        Self(Rc::new(Inner { clock, random, conditions, ports: RefCell::default(), changed: Signal::default() }))
    }

    /// How long anything is under way, to the microsecond; 0.1 to 0.5 ms if nothing is said.
    pub fn latency(&self, range: RangeInclusive<Duration>) {
        let microseconds = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.0.conditions.borrow_mut().latency = microseconds(range.start())..=microseconds(range.end());
    }

    /// Into pieces of how many bytes a stream falls on its way; 1 to 1460 if nothing is said.
    pub fn pieces(&self, range: RangeInclusive<u64>) {
        self.0.conditions.borrow_mut().pieces = range;
    }

    /// How likely a datagram is to be lost, from 0 to 1; 0 if nothing is said.
    pub fn udp_loss(&self, probability: f64) {
        self.0.conditions.borrow_mut().udp_loss = probability;
    }

    /// Has a host neither answer nor refuse: who connects to it waits for ever.
    pub fn silence(&self, host: impl Into<IpAddr>) {
        self.0.conditions.borrow_mut().silent.insert(host.into());
    }

    /// When something sent now arrives.
    fn arrival(&self) -> Instant {
        let latency = self.0.random.within(&self.0.conditions.borrow().latency);
        mirage::Clock::now(&self.0.clock) + Duration::from_micros(latency)
    }

    fn piece(&self) -> usize {
        usize::try_from(self.0.random.within(&self.0.conditions.borrow().pieces)).unwrap_or(usize::MAX).max(1)
    }

    fn is_silent(&self, host: IpAddr) -> bool {
        self.0.conditions.borrow().silent.contains(&host)
    }

    fn loses_datagram(&self) -> bool {
        let probability = self.0.conditions.borrow().udp_loss;
        self.0.random.chance(probability)
    }
}

/// A port of `host` that is not taken, or `port` itself unless it is 0; none when all are taken.
fn free_port<T>(taken: &BTreeMap<SocketAddr, T>, host: IpAddr, port: u16) -> Option<SocketAddr> {
    let free = |port: &u16| !taken.contains_key(&SocketAddr::new(host, *port));
    let port = match port {
        0 => (Network::DYNAMIC..=u16::MAX).find(free)?,
        port => Some(port).filter(free)?,
    };
    Some(SocketAddr::new(host, port))
}
