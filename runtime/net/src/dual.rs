//! IPv4 and IPv6 as one: what TCP and UDP stand on where there are both.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::IpAddr;

use mirage::time::Instant;
use mirage::{Header, Ip, Offload, Packet, Packets, Refused, Route, Undelivered};

/// Two IP layers over one interface: each packet goes by the one of its addresses' family.
#[derive(Clone)]
pub struct Dual<A, B> {
    v4: A,
    v6: B,
}

impl<A: Ip, B: Ip> Dual<A, B> {
    /// Puts the two together.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(v4: A, v6: B) -> Result<Self, Infallible> {
        Ok(Self { v4, v6 })
    }
}

/// A protocol as the second of two layers over one interface sees it: what there is to do once a round, the first has done.
struct Once(Rc<dyn Packets>);

impl Packets for Once {
    fn input(&self, packet: Packet<'_>) {
        self.0.input(packet);
    }

    fn shares(&self) -> bool {
        self.0.shares()
    }

    fn claims(&self, packet: &Packet<'_>) -> bool {
        self.0.claims(packet)
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        self.0.undelivered(report);
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

impl<A: Ip, B: Ip> Ip for Dual<A, B> {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.v4.attach(number, Rc::clone(&protocol));
        self.v6.attach(number, Rc::new(Once(protocol)));
    }

    fn is_local(&self, address: IpAddr) -> bool {
        self.v4.is_local(address) || self.v6.is_local(address)
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        if destination.is_ipv4() { self.v4.route(destination) } else { self.v6.route(destination) }
    }

    fn route_from(&self, source: IpAddr, destination: IpAddr) -> Result<Route, Refused> {
        if destination.is_ipv4() {
            self.v4.route_from(source, destination)
        } else {
            self.v6.route_from(source, destination)
        }
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        if header.destination.is_ipv4() {
            self.v4.send(header, payload, offload)
        } else {
            self.v6.send(header, payload, offload)
        }
    }

    fn refuse(&self, packet: &Packet<'_>) {
        if packet.destination.is_ipv4() { self.v4.refuse(packet) } else { self.v6.refuse(packet) }
    }

    fn wake(&self) {
        self.v4.wake();
        self.v6.wake();
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        let mut all = self.v4.nameservers();
        all.append(&mut self.v6.nameservers());
        all
    }
}
