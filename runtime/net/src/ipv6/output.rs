//! Packets that go: from which address, by which way, with which headers, in how many pieces.

use core::net::{IpAddr, Ipv6Addr};

use mirage::{Clock, Ethernet, Header, MacAddress, Offload, Refused};
use smoltcp::wire::Ipv6Packet;

use super::address::{self, group_mac, same_prefix};
use super::extension::{FRAGMENT, HEADER};
use super::layer::Shared;
use crate::checksum;
use crate::ethernet::ethertype;
use crate::neighbours::Way;
use crate::parts::{self, Parts};

/// The length of the prefix that all addresses of a link have (RFC 4291 §2.4).
const LINK_LOCAL: u8 = 10;

/// How many routers a packet may pass (RFC 8504 §6.3).
const HOPS: u8 = 64;

/// The length of a fragment header (RFC 8200 §4.5), in bytes.
const FRAGMENT_HEADER: usize = 8;

/// Where a packet goes next.
enum Next {
    /// A group of the link.
    Group(MacAddress),
    /// A neighbour.
    Neighbour(Ipv6Addr),
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// The address to send to `destination` from, and how many of its leading bits the way there is for.
    pub fn source(&self, destination: Ipv6Addr) -> Result<(Ipv6Addr, u8), Refused> {
        let (next, prefix) = self.next(destination)?;
        let source = self.nearest(destination).ok_or(Refused::NoRoute)?;
        // RFC 4291 §2.5.6: no router forwards what comes from a link-local address.
        let passes_router = matches!(next, Next::Neighbour(neighbour) if neighbour != destination);
        if passes_router && source.is_unicast_link_local() { Err(Refused::NoRoute) } else { Ok((source, prefix)) }
    }

    /// The address of this host that suits `destination` best, whichever way leads there (RFC 6724 §5).
    pub fn nearest(&self, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        let (own, routers, now) = (self.own.borrow(), self.routers.borrow(), self.clock.now());
        let deprecated = |address| routers.addresses(now).any(|formed| formed == (address, true));
        address::source(own.iter().map(|address| (address, deprecated(address))), destination)
    }

    /// The largest packet the path to `destination` takes.
    pub fn mtu(&self, destination: Ipv6Addr) -> u16 {
        self.paths.borrow().mtu(destination.into(), self.link_mtu(), self.clock.now())
    }

    /// Where a packet goes next, and how many leading bits of its destination say so.
    fn next(&self, destination: Ipv6Addr) -> Result<(Next, u8), Refused> {
        if destination.is_multicast() {
            return Ok((Next::Group(group_mac(destination)), 0));
        }
        if destination.is_unspecified() || destination.is_loopback() || self.is_own(destination) {
            return Err(Refused::NoRoute);
        }
        let (fixed, routers, now) = (self.fixed.get(), self.routers.borrow(), self.clock.now());
        let in_network = fixed.filter(|fixed| same_prefix(fixed.address, destination, fixed.prefix));
        let on_link = in_network
            .map(|fixed| fixed.prefix)
            .max(destination.is_unicast_link_local().then_some(LINK_LOCAL))
            .max(routers.on_link(destination, now));
        if let Some(prefix) = on_link {
            return Ok((Next::Neighbour(destination), prefix));
        }
        if let Some(neighbour) = self.redirects.borrow().find(destination, now) {
            return Ok((Next::Neighbour(neighbour), 128));
        }
        let route = self.routes.borrow().find(destination);
        let gateway =
            || fixed.and_then(|fixed| fixed.gateway).or_else(|| routers.router(now)).map(|router| (router, 0));
        route.or_else(gateway).map(|(router, prefix)| (Next::Neighbour(router), prefix)).ok_or(Refused::NoRoute)
    }

    /// The router that a destination is reached by; none if it is a neighbour.
    pub fn router_to(&self, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        match self.next(destination) {
            Ok((Next::Neighbour(router), _)) if router != destination => Some(router),
            _ => None,
        }
    }

    /// Sends a packet, in pieces if it must and may.
    pub fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (header.source, header.destination) else {
            return Err(Refused::NoRoute);
        };
        self.news.set(true);
        let (next, _) = self.next(destination)?;
        let length: usize = payload.iter().map(|part| part.len()).sum();
        let total = u16::try_from(HEADER + length).map_err(|_| Refused::TooLarge)?;
        let mtu = self.mtu(destination);
        if total <= mtu || offload.segment != 0 {
            let ip = emit(source, destination, header.protocol, HOPS, length);
            let mut parts = Parts::new();
            parts::add(&mut parts, &ip, payload)?;
            return self.hand_on(&next, &parts, offload.behind(HEADER));
        }
        if header.whole {
            return Err(Refused::TooLarge);
        }
        let mut payload = payload.concat();
        if let Some(wanted) = offload.checksum {
            // A device sees only pieces: what it would have summed up is summed up here.
            checksum::fill(&mut payload, wanted);
        }
        let identification = self.identification.get();
        self.identification.set(identification.wrapping_add(1));
        // An interface that takes less than any IPv6 link may still has to make progress.
        let piece = (usize::from(mtu).saturating_sub(HEADER + FRAGMENT_HEADER) & !7).max(8);
        for (index, bytes) in payload.chunks(piece).enumerate() {
            let offset = index * piece;
            let more = offset + bytes.len() < payload.len();
            // Both fit in 16 bits: the whole packet does.
            let [high, low] = (offset as u16 | u16::from(more)).to_be_bytes();
            let [a, b, c, d] = identification.to_be_bytes();
            let fragment = [header.protocol, 0, high, low, a, b, c, d];
            let ip = emit(source, destination, FRAGMENT, HOPS, FRAGMENT_HEADER + bytes.len());
            self.hand_on(&next, &[&ip, &fragment, bytes], Offload::default())?;
        }
        Ok(())
    }

    fn hand_on(&self, next: &Next, packet: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let address = match *next {
            Next::Group(mac) => return self.ethernet.send(mac, ethertype::IPV6, packet, offload),
            Next::Neighbour(address) => address,
        };
        let mut neighbours = self.neighbours.borrow_mut();
        let way = neighbours.send(address.into(), packet, offload, self.clock.now());
        let news = neighbours.has_news();
        drop(neighbours);
        if news {
            self.ethernet.wake();
        }
        match way {
            Way::To(mac) => self.ethernet.send(mac, ethertype::IPV6, packet, offload),
            Way::Held => Ok(()),
            Way::Unreachable => {
                self.redirects.borrow_mut().forget(address);
                Err(Refused::Unreachable)
            }
        }
    }
}

/// An IPv6 header before `length` bytes, which were compared with their bound before.
pub fn emit(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, hops: u8, length: usize) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let mut packet = Ipv6Packet::new_unchecked(&mut bytes);
    packet.set_version(6);
    packet.set_payload_len(length as u16);
    packet.set_hop_limit(hops);
    packet.set_next_header(protocol.into());
    packet.set_src_addr(source);
    packet.set_dst_addr(destination);
    bytes
}
