//! Several interfaces as one: what TCP and UDP of a host with more than one network stand on.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::convert::Infallible;
use core::net::IpAddr;

use mirage::{Header, Ip, Offload, Packet, Packets, Refused, Route};

/// The IP layers of two interfaces; more are joined one after the other.
///
/// A destination is reached by the interface with the longest route to it (RFC 1812 §5.2.4.3), the first of two as long.
/// A packet leaves by the interface whose address it is from, and comes by it too: nobody reaches the address of one
/// interface over the other, and nothing is forwarded (the strong model of RFC 1122 §3.3.4.2). Groups, and IPv6 addresses
/// of a link, are those of the first interface unless a packet says where it is from.
#[derive(Clone)]
pub struct Joined<A, B> {
    first: A,
    second: B,
}

impl<A: Ip, B: Ip> Joined<A, B> {
    /// Puts the two together.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(first: A, second: B) -> Result<Self, Infallible> {
        Ok(Self { first, second })
    }

    /// Whether what comes from an address leaves by the second interface.
    fn is_second(&self, source: IpAddr) -> bool {
        self.second.is_local(source) && !self.first.is_local(source)
    }
}

impl<A: Ip, B: Ip> Ip for Joined<A, B> {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.first.attach(number, Rc::clone(&protocol));
        self.second.attach(number, protocol);
    }

    fn is_local(&self, address: IpAddr) -> bool {
        self.first.is_local(address) || self.second.is_local(address)
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        // The address of one interface is not looked for through the other, whose router might send it back.
        if self.is_local(destination) {
            return Err(Refused::NoRoute);
        }
        match (self.first.route(destination), self.second.route(destination)) {
            (Ok(one), Ok(other)) => {
                Ok([one, other].into_iter().min_by_key(|route| Reverse(route.prefix)).unwrap_or(one))
            }
            (Ok(one), Err(_)) => Ok(one),
            (Err(_), other) => other,
        }
    }

    fn route_from(&self, source: IpAddr, destination: IpAddr) -> Result<Route, Refused> {
        if self.is_local(destination) {
            Err(Refused::NoRoute)
        } else if self.is_second(source) {
            self.second.route_from(source, destination)
        } else {
            self.first.route_from(source, destination)
        }
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        if self.is_local(header.destination) {
            Err(Refused::NoRoute)
        } else if self.is_second(header.source) {
            self.second.send(header, payload, offload)
        } else {
            self.first.send(header, payload, offload)
        }
    }

    fn refuse(&self, packet: &Packet<'_>) {
        // To a group nobody is told anything.
        if self.second.is_local(packet.destination) { self.second.refuse(packet) } else { self.first.refuse(packet) }
    }

    fn wake(&self) {
        self.first.wake();
        self.second.wake();
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        [self.first.nameservers(), self.second.nameservers()].concat()
    }
}
