//! An IP layer in memory, for tests: it keeps what is sent, and what is to come is put in by hand.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mirage::time::Instant;
use mirage::{Header, MacAddress, Offload, Offloads, Packet, Packets, Received, Refused, Route, Undelivered, Why};

use crate::ipv4::{Configure, Interface};

/// A packet that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub header: Header,
    pub payload: Vec<u8>,
    pub offload: Offload,
}

/// All clones are one layer.
#[derive(Clone, Default)]
pub struct Ip(Rc<State>);

#[derive(Default)]
pub struct State {
    pub protocols: RefCell<BTreeMap<u8, Rc<dyn Packets>>>,
    pub sent: RefCell<Vec<Sent>>,
    pub offloads: Cell<Offloads>,
    /// How many more packets find no room.
    pub full: Cell<usize>,
    pub woken: Cell<usize>,
    /// Who was told that nobody is at its port.
    pub refused: RefCell<Vec<IpAddr>>,
    /// What it was configured with, in order.
    pub configured: RefCell<Vec<Option<Interface>>>,
}

impl core::ops::Deref for Ip {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

pub const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
pub const V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);

impl Ip {
    fn protocol(&self, number: u8) -> Rc<dyn Packets> {
        self.protocols.borrow()[&number].clone()
    }

    /// A packet comes.
    pub fn input(&self, source: IpAddr, destination: IpAddr, number: u8, payload: &[u8], received: Received) {
        let mut payload = payload.to_vec();
        let now = Instant::START;
        let packet = Packet { source, destination, protocol: number, payload: &mut payload, received, now };
        self.protocol(number).input(packet);
    }

    /// A report comes about a packet that was sent.
    pub fn report(&self, about: &Sent, why: Why) {
        let Header { source, destination, protocol, .. } = about.header;
        let quoted = &about.payload[..8];
        self.protocol(protocol).undelivered(Undelivered { source, destination, why, quoted, now: Instant::START });
    }

    /// A round of the loop ends.
    pub fn round(&self) {
        let protocols: Vec<_> = self.protocols.borrow().values().cloned().collect();
        for protocol in protocols {
            protocol.poll(Instant::START);
        }
    }
}

impl mirage::Ip for Ip {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.protocols.borrow_mut().insert(number, protocol);
    }

    fn is_local(&self, address: IpAddr) -> bool {
        address == V4 || address == V6
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        let source = match destination {
            IpAddr::V4(_) => V4.into(),
            IpAddr::V6(_) => V6.into(),
        };
        Ok(Route { source, mtu: 1500, offloads: self.offloads.get(), prefix: 24 })
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        if let Some(left) = self.full.get().checked_sub(1) {
            self.full.set(left);
            return Err(Refused::Full);
        }
        self.sent.borrow_mut().push(Sent { header, payload: payload.concat(), offload });
        Ok(())
    }

    fn refuse(&self, packet: &Packet<'_>) {
        self.refused.borrow_mut().push(packet.source);
    }

    fn wake(&self) {
        self.woken.set(self.woken.get() + 1);
    }
}

impl Configure for Ip {
    fn mac(&self) -> MacAddress {
        MAC
    }

    fn configure(&self, interface: Option<Interface>) {
        self.configured.borrow_mut().push(interface);
    }
}
