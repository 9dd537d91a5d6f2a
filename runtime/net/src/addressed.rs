//! IP that has its address: what a program stands on that wants packets and no stack.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::IpAddr;

use mirage::{Header, Ip, Offload, Packet, Packets, Refused, Route};

/// An IP layer and what has given it its address, which is kept for as long as it is used.
#[derive(Clone)]
pub struct Addressed<I, A> {
    ip: I,
    _address: A,
}

impl<I: Ip, A: Clone + 'static> Addressed<I, A> {
    /// Puts the two together; `address` is the device that has given `ip`, or a part of it, its address.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ip: I, address: A) -> Result<Self, Infallible> {
        Ok(Self { ip, _address: address })
    }
}

impl<I: Ip, A: Clone + 'static> Ip for Addressed<I, A> {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.ip.attach(number, protocol);
    }

    fn is_local(&self, address: IpAddr) -> bool {
        self.ip.is_local(address)
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        self.ip.route(destination)
    }

    fn route_from(&self, source: IpAddr, destination: IpAddr) -> Result<Route, Refused> {
        self.ip.route_from(source, destination)
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        self.ip.send(header, payload, offload)
    }

    fn refuse(&self, packet: &Packet<'_>) {
        self.ip.refuse(packet);
    }

    fn wake(&self) {
        self.ip.wake();
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        self.ip.nameservers()
    }
}
