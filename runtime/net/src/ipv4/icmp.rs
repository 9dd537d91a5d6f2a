//! ICMP (RFC 792): echo, and reports of what was not delivered, both ways.

use core::net::{IpAddr, Ipv4Addr};

use mirage::time::Instant;
use mirage::{Clock, Ethernet, Header, Neighbours, Offload, Packet, Undelivered, Why};
use smoltcp::wire::{Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, Ipv4Packet};

use super::HEADER;
use super::layer::Shared;

/// The protocol number of ICMP (IANA).
pub const ICMP: u8 = 1;

/// Nobody takes packets of this protocol (RFC 792, destination unreachable).
pub const PROTOCOL_UNREACHABLE: u8 = 2;
/// Nobody is at this port.
pub const PORT_UNREACHABLE: u8 = 3;

/// How much of a packet a report of it quotes, at least: its header and 64 bits (RFC 792).
const QUOTED: usize = 8;

impl<E: Ethernet, A: Neighbours, C: Clock> Shared<E, A, C> {
    /// An ICMP message has come; tells whether it is one. It is left as it was.
    pub(super) fn icmp(&self, source: Ipv4Addr, destination: Ipv4Addr, message: &mut [u8], now: Instant) -> bool {
        let Ok(packet) = Icmpv4Packet::new_checked(&*message) else { return false };
        if !packet.verify_checksum() {
            return false;
        }
        match packet.msg_type() {
            Icmpv4Message::EchoRequest => self.echo(source, destination, message, now),
            Icmpv4Message::DstUnreachable => {
                let (code, mtu) =
                    (packet.msg_code(), message.get(6..8).map_or(0, |at| u16::from_be_bytes([at[0], at[1]])));
                self.report(Icmpv4DstUnreachable::from(code), mtu, message.get(8..).unwrap_or_default(), now);
            }
            Icmpv4Message::TimeExceeded => {
                self.report(Icmpv4DstUnreachable::HostUnreachable, 0, message.get(8..).unwrap_or_default(), now)
            }
            _ => {}
        }
        true
    }

    /// Sends back what was sent (RFC 1122 §3.2.2.6), but not to whoever pings everybody.
    fn echo(&self, source: Ipv4Addr, destination: Ipv4Addr, message: &mut [u8], now: Instant) {
        if self.address() != Some(destination) || !self.echoes.take(now) {
            return;
        }
        let Some(&request) = message.first_chunk::<4>() else { return };
        let mut reply = Icmpv4Packet::new_unchecked(&mut *message);
        reply.set_msg_type(Icmpv4Message::EchoReply);
        reply.fill_checksum();
        let header = Header { source: destination.into(), destination: source.into(), protocol: ICMP, whole: false };
        // A reply that finds no room is lost, as the request might have been.
        let _ = self.send(header, &[&*message], Offload::default());
        // Whoever is attached to ICMP sees what came.
        message[..4].copy_from_slice(&request);
    }

    /// Somebody says that a packet of ours was not delivered, or this end knows it; `quoted` is how it began.
    pub(super) fn report(&self, code: Icmpv4DstUnreachable, mtu: u16, quoted: &[u8], now: Instant) {
        // All of the packet was quoted before RFC 1812; the lengths in it say more than there is.
        let packet = Ipv4Packet::new_unchecked(quoted);
        if quoted.len() < HEADER || packet.version() != 4 {
            return;
        }
        let start = usize::from(packet.header_len());
        let Some(payload) = quoted.get(start..).filter(|payload| start >= HEADER && payload.len() >= QUOTED) else {
            return;
        };
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        // What a later piece begins with is not the beginning of anything.
        if self.address() != Some(source) || packet.frag_offset() != 0 {
            return;
        }
        let why = match code {
            Icmpv4DstUnreachable::FragRequired => {
                // RFC 1191 §7.1 lets a router leave it out; what the packet was says then what was too much.
                let mtu = self.paths.borrow_mut().learn(destination.into(), mtu, self.link_mtu(), now);
                Why::TooLarge(mtu)
            }
            Icmpv4DstUnreachable::ProtoUnreachable | Icmpv4DstUnreachable::PortUnreachable => Why::Refused,
            _ => Why::Unreachable,
        };
        let (source, destination) = (source.into(), destination.into());
        self.protocols.each_of(u8::from(packet.next_header()).into(), |protocol| {
            protocol.undelivered(Undelivered { source, destination, why, quoted: payload, now });
        });
    }

    /// Tells who sent a packet that nobody is at its port.
    pub(super) fn refuse_port(&self, packet: &Packet<'_>) {
        self.unreachable(PORT_UNREACHABLE, packet);
    }

    /// Tells who sent a packet that it was not delivered, unless it was to a group (RFC 1122 §3.2.2) or that was said
    /// too often lately. The quoted header is made anew: hop count and identification are not those it came with.
    pub(super) fn unreachable(&self, code: u8, packet: &Packet<'_>) {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination) else { return };
        let to_us = self.address() == Some(destination) && !source.is_unspecified();
        if !to_us || !self.errors.take(packet.now) {
            return;
        }
        let mut message = [0; 8 + HEADER + QUOTED];
        let mut header = Ipv4Packet::new_unchecked(&mut message[8..]);
        header.set_version(4);
        header.set_header_len(HEADER as u8);
        header.set_total_len(u16::try_from(HEADER + packet.payload.len()).unwrap_or(u16::MAX));
        header.set_hop_limit(1);
        header.set_next_header(packet.protocol.into());
        header.set_src_addr(source);
        header.set_dst_addr(destination);
        header.fill_checksum();
        let quoted = packet.payload.len().min(QUOTED);
        message[8 + HEADER..][..quoted].copy_from_slice(&packet.payload[..quoted]);
        let mut icmp = Icmpv4Packet::new_unchecked(&mut message[..]);
        icmp.set_msg_type(Icmpv4Message::DstUnreachable);
        icmp.set_msg_code(code);
        icmp.fill_checksum();
        let header = Header { source: destination.into(), destination: source.into(), protocol: ICMP, whole: false };
        // A report that finds no room is lost: nobody may rely on one.
        let _ = self.send(header, &[&message], Offload::default());
    }
}
