//! Packets that come: whether they are for us, whole, and who gets them.

use core::net::Ipv6Addr;
use core::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Ethernet, EthernetFrame, Frames, MacAddress, Packet, Received};
use smoltcp::wire::Ipv6Packet;

use super::extension::{Chain, HEADER, has_router_alert, walk};
use super::layer::Shared;
use super::messages::ICMPV6;
use crate::due::earliest;
use crate::reassembly::{Piece, Whole};

/// How a packet came.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub source: Ipv6Addr,
    pub destination: Ipv6Addr,
    /// The hop limit: 255 proves that no router has passed it on.
    pub hops: u8,
    /// Who sent the frame.
    pub mac: MacAddress,
    /// Whether routers are to look at it though it is not to them (RFC 2711), as all is that is about listeners.
    pub alert: bool,
    pub received: Received,
    pub now: Instant,
}

impl<E: Ethernet, C: Clock> Frames for Shared<E, C> {
    fn input(&self, frame: EthernetFrame<'_>) {
        self.news.set(true);
        let EthernetFrame { source: mac, destination: link_destination, payload, received, now } = frame;
        // Lengths are looked at here: nothing below reads past them.
        let Ok(packet) = Ipv6Packet::new_checked(&*payload) else { return };
        let (end, first, hops) = (packet.total_len(), u8::from(packet.next_header()), packet.hop_limit());
        let (source, destination, version) = (packet.src_addr(), packet.dst_addr(), packet.version());
        // What one sent itself comes back only where a link is wired in a circle.
        if version != 6 || mac == self.ethernet.mac() || source.is_multicast() || source.is_loopback() {
            return;
        }
        if !self.is_for_us(destination, link_destination.is_group()) {
            return;
        }
        let alert = has_router_alert(first, &payload[HEADER..end]);
        let arrival = Arrival { source, destination, hops, mac, alert, received, now };
        match walk(first, &payload[HEADER..end]) {
            Chain::Payload { protocol, at, said_at } => {
                if !self.deliver(&arrival, protocol, &mut payload[HEADER + at..end]) {
                    // RFC 8200 §4: a header nobody knows.
                    self.problem(&arrival, 1, said_at, &payload[..end]);
                }
            }
            Chain::Fragment { identification, offset, more, protocol, at } => {
                let whole = (source.into(), destination.into(), protocol, identification);
                self.piece(&arrival, whole, (offset, more), &mut payload[HEADER + at..end]);
            }
            Chain::Problem { code, pointer } => self.problem(&arrival, code, pointer, &payload[..end]),
            Chain::Nothing | Chain::Malformed => {}
        }
    }

    fn end_batch(&self) {
        self.protocols.each(|protocol| protocol.end_batch());
    }

    fn poll(&self, now: Instant) -> Option<Instant> {
        let protocols = self.protocols.poll(|protocol| protocol.poll(now));
        // Last: those above may have asked for a neighbour.
        earliest(&[protocols, self.look_after(now)])
    }
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// Sees to what becomes due by itself; when the next of it does.
    ///
    /// Mostly nothing does, and no packet has had to do with it: then it is not looked at, but for once a second. By then an
    /// address or a route whose time has run out is gone, for which nobody is woken.
    fn look_after(&self, now: Instant) -> Option<Instant> {
        let (again, due) = self.due.get();
        if !self.news.replace(false) && now < again {
            return due;
        }
        let due = earliest(&[self.reassembly.borrow_mut().expire(now), self.discover(now)]);
        let again = now + Duration::from_secs(1);
        self.due.set((due.map_or(again, |due| due.min(again)), due));
        due
    }

    fn is_for_us(&self, destination: Ipv6Addr, link_group: bool) -> bool {
        // What the link sends to everybody is not for one.
        match destination.is_multicast() {
            true => self.own.borrow().listens(destination),
            false => self.is_own(destination) && !link_group,
        }
    }

    /// A piece of a packet has come (RFC 8200 §4.5).
    fn piece(&self, arrival: &Arrival, whole: Whole, place: (usize, bool), bytes: &mut [u8]) {
        let (offset, more) = place;
        // RFC 6946: what is all there waits for nothing.
        if offset == 0 && !more {
            return self.put_together(arrival, whole.2, bytes);
        }
        let packet = self.reassembly.borrow_mut().add(whole, Piece { offset, more, bytes }, arrival.now);
        match packet {
            Some(mut packet) => self.put_together(arrival, whole.2, &mut packet),
            // Pieces are given up in time only if the loop comes round.
            None => self.ethernet.wake(),
        }
    }

    /// A packet is whole that came in pieces. Whoever has sent headers nobody knows in pieces is not told so.
    fn put_together(&self, arrival: &Arrival, first: u8, packet: &mut [u8]) {
        if let Chain::Payload { protocol, at, .. } = walk(first, packet) {
            // RFC 6980 §5: neighbour discovery comes whole, which a hop limit that cannot be right sees to. What a device
            // says of a piece says nothing of the whole.
            let arrival = Arrival { received: Received::default(), hops: 0, ..*arrival };
            self.deliver(&arrival, protocol, &mut packet[at..]);
        }
    }

    /// Gives a packet to whoever has its protocol; false if nobody does.
    fn deliver(&self, arrival: &Arrival, protocol: u8, payload: &mut [u8]) -> bool {
        if protocol == ICMPV6 {
            // Whoever is attached to it sees only what is right.
            if !self.icmp(arrival, payload) {
                return true;
            }
        } else if arrival.source.is_unspecified() || self.is_own(arrival.source) {
            // Nobody could be answered: so only those come who ask whether an address is free, or say that it is not.
            return true;
        }
        let &Arrival { source, destination, received, now, .. } = arrival;
        let packet =
            Packet { source: source.into(), destination: destination.into(), protocol, payload, received, now };
        match self.protocols.find_for(protocol.into(), |above| above.claims(&packet)) {
            Some(above) => {
                above.input(packet);
                true
            }
            None => protocol == ICMPV6,
        }
    }
}
