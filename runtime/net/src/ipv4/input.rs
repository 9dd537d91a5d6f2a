//! Packets that come: whether they are for us, whole, and who gets them.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use mirage::time::Instant;
use mirage::{Clock, Ethernet, EthernetFrame, Frames, Neighbours, Packet, Received};
use smoltcp::wire::{Icmpv4DstUnreachable, Ipv4Packet};

use super::icmp;
use super::layer::Shared;
use crate::due::earliest;
use crate::reassembly::Piece;

/// The protocol number of UDP (IANA).
const UDP: u8 = 17;

impl<E: Ethernet, A: Neighbours, C: Clock> Frames for Shared<E, A, C> {
    fn input(&self, frame: EthernetFrame<'_>) {
        let EthernetFrame { destination: link_destination, payload, received, now, .. } = frame;
        // Lengths are looked at here: nothing below reads past them.
        let Ok(packet) = Ipv4Packet::new_checked(&*payload) else { return };
        let (start, end) = (usize::from(packet.header_len()), usize::from(packet.total_len()));
        if packet.version() != 4 || start < super::HEADER || !packet.verify_checksum() {
            return;
        }
        let (source, destination, protocol) = (packet.src_addr(), packet.dst_addr(), u8::from(packet.next_header()));
        if !self.is_from_somebody(source) || !self.is_for_us(destination, protocol, link_destination.is_group()) {
            return;
        }
        let whole = (source.into(), destination.into(), protocol, packet.ident().into());
        let (offset, more) = (usize::from(packet.frag_offset()), packet.more_frags());
        // Options are passed over: none asks a host to do something it must (RFC 7126).
        let payload = &mut payload[start..end];
        if offset == 0 && !more {
            return self.deliver(source, destination, protocol, payload, received, now);
        }
        let piece = Piece { offset, more, bytes: payload };
        let packet: Option<Vec<u8>> = self.reassembly.borrow_mut().add(whole, piece, now);
        if let Some(mut payload) = packet {
            // What a device says of a piece says nothing of the whole.
            self.deliver(source, destination, protocol, &mut payload, Received::default(), now);
        } else {
            // Pieces are given up in time only if the loop comes round.
            self.ethernet.wake();
        }
    }

    fn end_batch(&self) {
        self.protocols.each(|protocol| protocol.end_batch());
    }

    fn poll(&self, now: Instant) -> Option<Instant> {
        // Neighbours are polled before: their layer was there first.
        for packet in self.neighbours.given_up() {
            self.report(Icmpv4DstUnreachable::HostUnreachable, 0, &packet, now);
        }
        let pieces = self.reassembly.borrow_mut().expire(now);
        earliest(&[pieces, self.protocols.poll(|protocol| protocol.poll(now))])
    }
}

impl<E: Ethernet, A: Neighbours, C: Clock> Shared<E, A, C> {
    /// Whether a packet can come from there (RFC 1122 §3.2.1.3): no group, no loopback, not this host itself.
    fn is_from_somebody(&self, source: Ipv4Addr) -> bool {
        let odd = source.is_multicast() || source.is_broadcast() || source.is_loopback();
        let interface = self.interface.borrow();
        let ours = interface.as_ref().is_some_and(|own| own.address == source || own.is_broadcast(source));
        !odd && !ours
    }

    fn is_for_us(&self, destination: Ipv4Addr, protocol: u8, link_group: bool) -> bool {
        let group = destination.is_broadcast() || destination == Ipv4Addr::new(224, 0, 0, 1);
        match &*self.interface.borrow() {
            // RFC 1122 §3.3.6: what the link sends to everybody is not for one.
            Some(own) if destination == own.address => !link_group,
            Some(own) => group || own.is_broadcast(destination),
            // RFC 2131 §4.1: an offer may come to the address it offers.
            None => protocol == UDP && (group || !destination.is_multicast() && !destination.is_loopback()),
        }
    }

    fn deliver(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        protocol: u8,
        payload: &mut [u8],
        received: Received,
        now: Instant,
    ) {
        if protocol == icmp::ICMP && !self.icmp(source, destination, payload, now) {
            return;
        }
        let packet =
            Packet { source: source.into(), destination: destination.into(), protocol, payload, received, now };
        match self.protocols.find_for(protocol.into(), |above| above.claims(&packet)) {
            Some(above) => above.input(packet),
            None if protocol != icmp::ICMP => self.unreachable(icmp::PROTOCOL_UNREACHABLE, &packet),
            None => {}
        }
    }
}
