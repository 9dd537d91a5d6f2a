//! An IP that keeps what it is to send.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;

use mirage::{Header, Ip, Offload, Offloads, Packet, Packets, Refused, Route};

/// A packet that was sent.
pub struct Sent {
    pub header: Header,
    pub bytes: Vec<u8>,
    pub offload: Offload,
}

/// An IP with one address, whose network is a list. All clones are one.
#[derive(Clone)]
pub struct Link(Rc<State>);

struct State {
    address: IpAddr,
    above: RefCell<Option<Rc<dyn Packets>>>,
    sent: RefCell<VecDeque<Sent>>,
    offloads: Offloads,
    mtu: Cell<u16>,
    room: Cell<usize>,
    woken: Cell<bool>,
}

impl Link {
    pub fn new(address: IpAddr, offloads: Offloads) -> Self {
        Self(Rc::new(State {
            address,
            above: RefCell::default(),
            sent: RefCell::default(),
            offloads,
            mtu: Cell::new(1500),
            room: Cell::new(usize::MAX),
            woken: Cell::default(),
        }))
    }

    pub fn above(&self) -> Rc<dyn Packets> {
        self.0.above.borrow().clone().expect("somebody is attached")
    }

    pub fn take(&self) -> Option<Sent> {
        self.0.sent.borrow_mut().pop_front()
    }

    /// Packets it will take until this is said again.
    pub fn set_room(&self, room: usize) {
        self.0.room.set(room);
    }

    pub fn set_mtu(&self, mtu: u16) {
        self.0.mtu.set(mtu);
    }

    /// Whether a round was asked for since the last time.
    pub fn was_woken(&self) -> bool {
        self.0.woken.take()
    }
}

impl Ip for Link {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        assert_eq!(number, 6);
        self.0.above.replace(Some(protocol));
    }

    fn is_local(&self, address: IpAddr) -> bool {
        address == self.0.address
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        if destination.is_ipv4() != self.0.address.is_ipv4() {
            return Err(Refused::NoRoute);
        }
        Ok(Route { source: self.0.address, mtu: self.0.mtu.get(), offloads: self.0.offloads, prefix: 24 })
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let length: usize = payload.iter().map(|part| part.len()).sum();
        if header.whole && offload.segment == 0 && length + 20 > usize::from(self.0.mtu.get()) {
            return Err(Refused::TooLarge);
        }
        if self.0.room.get() == 0 {
            return Err(Refused::Full);
        }
        self.0.room.set(self.0.room.get() - 1);
        self.0.sent.borrow_mut().push_back(Sent { header, bytes: payload.concat(), offload });
        Ok(())
    }

    fn refuse(&self, _: &Packet<'_>) {
        unreachable!("TCP refuses with segments of its own");
    }

    fn wake(&self) {
        self.0.woken.set(true);
    }
}
