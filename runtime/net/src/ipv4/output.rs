//! Packets that go: by which way, with which header, in how many pieces.

use core::net::{IpAddr, Ipv4Addr};

use mirage::{Clock, Ethernet, Header, MacAddress, Neighbours, Offload, Refused};
use smoltcp::wire::Ipv4Packet;

use super::HEADER;
use super::layer::Shared;
use crate::checksum;
use crate::ethernet::ethertype;
use crate::parts::{self, Parts};

/// How many routers a packet may pass (RFC 1700, IP time to live).
const HOPS: u8 = 64;

/// Where a packet goes next.
enum Next {
    /// Everybody, or a group, of the link.
    Group(MacAddress),
    /// A neighbour.
    Neighbour(Ipv4Addr),
}

impl<E: Ethernet, A: Neighbours, C: Clock> Shared<E, A, C> {
    /// The address to send to `destination` from, and how many of its leading bits the way there is for.
    pub fn source(&self, destination: Ipv4Addr) -> Result<(Ipv4Addr, u8), Refused> {
        match self.address() {
            Some(address) => self.next(destination).map(|(_, prefix)| (address, prefix)),
            // Who has no address asks everybody for one (RFC 2131 §4.1).
            None if destination.is_broadcast() => Ok((Ipv4Addr::UNSPECIFIED, 0)),
            None => Err(Refused::NoRoute),
        }
    }

    /// The largest packet the path to `destination` takes.
    pub fn mtu(&self, destination: Ipv4Addr) -> u16 {
        self.paths.borrow().mtu(destination.into(), self.link_mtu(), self.clock.now())
    }

    /// Where a packet goes next, and how many leading bits of its destination say so.
    fn next(&self, destination: Ipv4Addr) -> Result<(Next, u8), Refused> {
        if destination.is_broadcast() {
            return Ok((Next::Group(MacAddress::BROADCAST), 0));
        }
        if destination.is_multicast() {
            // RFC 1112 §6.4.
            let [_, b, c, d] = destination.octets();
            return Ok((Next::Group(MacAddress([0x01, 0x00, 0x5e, b & 0x7f, c, d])), 0));
        }
        let interface = self.interface.borrow();
        let interface = interface.as_ref().ok_or(Refused::NoRoute)?;
        if destination.is_unspecified() || destination.is_loopback() || destination == interface.address {
            return Err(Refused::NoRoute);
        }
        if interface.is_broadcast(destination) {
            return Ok((Next::Group(MacAddress::BROADCAST), interface.prefix));
        }
        if interface.network().contains(destination) {
            return Ok((Next::Neighbour(destination), interface.prefix));
        }
        let route = interface.routes.find(destination).or(interface.gateway.map(|gateway| (gateway, 0)));
        route.map(|(router, prefix)| (Next::Neighbour(router), prefix)).ok_or(Refused::NoRoute)
    }

    /// Sends a packet, in pieces if it must and may.
    pub fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (header.source, header.destination) else {
            return Err(Refused::NoRoute);
        };
        let (next, _) = self.next(destination)?;
        let length: usize = payload.iter().map(|part| part.len()).sum();
        let total = u16::try_from(HEADER + length).map_err(|_| Refused::TooLarge)?;
        let fits = total <= self.mtu(destination) || offload.segment != 0;
        let bytes = |identification, offset, more, length| {
            let fragment = Fragment { identification, offset, more, whole: header.whole };
            emit(source, destination, header.protocol, length, &fragment)
        };
        if fits {
            // RFC 6864 §4: what is in one piece and stays so needs no identification.
            let identification = if header.whole { 0 } else { self.identifications.next() };
            let ip = bytes(identification, 0, false, length);
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
        let identification = self.identifications.next();
        let piece = usize::from(self.mtu(destination)).saturating_sub(HEADER) & !7;
        if piece == 0 {
            return Err(Refused::TooLarge);
        }
        for (index, bytes_of) in payload.chunks(piece).enumerate() {
            let offset = index * piece;
            let more = offset + bytes_of.len() < payload.len();
            let ip = bytes(identification, offset, more, bytes_of.len());
            self.hand_on(&next, &[&ip, bytes_of], Offload::default())?;
        }
        Ok(())
    }

    fn hand_on(&self, next: &Next, packet: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        match *next {
            Next::Group(mac) => self.ethernet.send(mac, ethertype::IPV4, packet, offload),
            Next::Neighbour(address) => self.neighbours.send(address.into(), packet, offload),
        }
    }
}

/// Which piece of a packet it is.
struct Fragment {
    identification: u16,
    offset: usize,
    more: bool,
    whole: bool,
}

fn emit(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: usize, fragment: &Fragment) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let mut packet = Ipv4Packet::new_unchecked(&mut bytes);
    packet.set_version(4);
    packet.set_header_len(HEADER as u8);
    // Both were compared with their bounds before.
    packet.set_total_len((HEADER + length) as u16);
    packet.set_frag_offset(fragment.offset as u16);
    packet.set_ident(fragment.identification);
    packet.set_more_frags(fragment.more);
    packet.set_dont_frag(fragment.whole);
    packet.set_hop_limit(HOPS);
    packet.set_next_header(protocol.into());
    packet.set_src_addr(source);
    packet.set_dst_addr(destination);
    packet.fill_checksum();
    bytes
}
