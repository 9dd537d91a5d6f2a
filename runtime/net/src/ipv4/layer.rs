//! The layer: its state, and the face it shows to those above.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr};

use mirage::{Clock, Ethernet, Header, Ip, MacAddress, Neighbours, Offload, Packet, Packets, Random, Refused, Route};

use super::identification::Identifications;
use super::interface::{Configure, Interface};
use crate::attached::Attached;
use crate::ethernet::ethertype;
use crate::limit::Limit;
use crate::paths::Paths;
use crate::reassembly::Reassembly;

/// No path is believed to take less: every link of today takes more.
const LEAST_MTU: u16 = 552;
/// What is tried when a router does not say what it takes, as those from before RFC 1191 do not.
const UNSAID_MTU: u16 = 576;

/// IPv4 over Ethernet and ARP. All clones are one layer. It has no address until it is [configured](Configure).
pub struct Ipv4<E, A, C, R> {
    pub(super) shared: Rc<Shared<E, A, C>>,
    random: R,
}

impl<E, A, C, R: Clone> Clone for Ipv4<E, A, C, R> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), random: self.random.clone() }
    }
}

pub(super) struct Shared<E, A, C> {
    pub ethernet: E,
    pub neighbours: A,
    pub clock: C,
    pub interface: RefCell<Option<Interface>>,
    pub protocols: Attached<dyn Packets>,
    pub paths: RefCell<Paths>,
    pub reassembly: RefCell<Reassembly>,
    pub identifications: Identifications,
    pub echoes: Limit,
    pub errors: Limit,
}

impl<E: Ethernet, A: Neighbours, C: Clock, R: Random> Ipv4<E, A, C, R> {
    /// Takes the IPv4 frames of an interface.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ethernet: E, neighbours: A, clock: C, mut random: R) -> Result<Self, Infallible> {
        let identifications = Identifications::new(random.next_u64());
        let shared = Rc::new(Shared {
            ethernet: ethernet.clone(),
            neighbours,
            clock,
            interface: RefCell::default(),
            protocols: Attached::default(),
            paths: RefCell::new(Paths::new(LEAST_MTU, UNSAID_MTU)),
            reassembly: RefCell::default(),
            identifications,
            // A ping flood is answered; what is limited is how much of a link somebody can fill with our help.
            echoes: Limit::new(20_000, 1000),
            // RFC 1812 §4.3.2.8.
            errors: Limit::new(100, 50),
        });
        ethernet.attach(ethertype::IPV4, Rc::clone(&shared) as _);
        Ok(Self { shared, random })
    }
}

impl<E: Ethernet, A: Neighbours, C: Clock> Shared<E, A, C> {
    /// The largest packet the link takes, in bytes.
    pub fn link_mtu(&self) -> u16 {
        u16::try_from(self.ethernet.mtu()).unwrap_or(u16::MAX)
    }

    /// The interface's own address.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.interface.borrow().as_ref().map(|interface| interface.address)
    }
}

impl<E: Ethernet, A: Neighbours, C: Clock, R: Random> Configure for Ipv4<E, A, C, R> {
    fn mac(&self) -> MacAddress {
        self.shared.ethernet.mac()
    }

    fn configure(&self, interface: Option<Interface>) {
        let new = interface.as_ref().map(|interface| interface.address);
        let old = core::mem::replace(&mut *self.shared.interface.borrow_mut(), interface);
        let old = old.map(|interface| interface.address);
        if old != new {
            old.into_iter().for_each(|address| self.shared.neighbours.release(address.into()));
            new.into_iter().for_each(|address| self.shared.neighbours.claim(address.into()));
        }
        self.shared.ethernet.wake();
    }

    fn probe(&self, address: Ipv4Addr) -> impl Future<Output = Option<MacAddress>> {
        self.shared.neighbours.probe(address.into())
    }

    fn contested(&self, address: Ipv4Addr) -> impl Future<Output = MacAddress> {
        self.shared.neighbours.contested(address.into())
    }
}

impl<E: Ethernet, A: Neighbours, C: Clock, R: Random> Ip for Ipv4<E, A, C, R> {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.shared.protocols.attach(number, protocol);
        self.shared.ethernet.wake();
    }

    fn is_local(&self, address: IpAddr) -> bool {
        self.shared.address().is_some_and(|own| address == own)
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        let IpAddr::V4(destination) = destination else { return Err(Refused::NoRoute) };
        let (source, prefix) = self.shared.source(destination)?;
        let mtu = self.shared.mtu(destination);
        Ok(Route { source: source.into(), mtu, offloads: self.shared.ethernet.offloads(), prefix })
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        self.shared.send(header, payload, offload)
    }

    fn refuse(&self, packet: &Packet<'_>) {
        self.shared.refuse_port(packet);
    }

    fn wake(&self) {
        self.shared.ethernet.wake();
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        let interface = self.shared.interface.borrow();
        interface.as_ref().map(|interface| interface.nameservers.clone()).unwrap_or_default()
    }
}
