//! ICMPv6 (RFC 4443): echo, and reports of what was not delivered, both ways.

use core::net::{IpAddr, Ipv6Addr};

use mirage::time::Instant;
use mirage::{Clock, Ethernet, Header, Offload, Packet, Undelivered, Why};
use smoltcp::wire::{Icmpv6Packet, Ipv6Packet};

use super::extension::{Chain, HEADER, walk};
use super::input::Arrival;
use super::layer::Shared;
use super::listeners::{QUERY, REPORT_V1};
use super::messages::ICMPV6;
use super::output::emit;
use super::routers::LEAST_MTU;

/// Types of messages (RFC 4443 §2.1).
const UNREACHABLE: u8 = 1;
const TOO_BIG: u8 = 2;
const TIME_EXCEEDED: u8 = 3;
const PARAMETER_PROBLEM: u8 = 4;
const ECHO_REQUEST: u8 = 128;
const ECHO_REPLY: u8 = 129;

/// Nobody is at this port (RFC 4443 §3.1).
const PORT_UNREACHABLE: u8 = 4;
/// Nobody takes packets of this protocol (RFC 4443 §3.4).
const UNKNOWN_HEADER: u8 = 1;

/// The length of an ICMPv6 header, in bytes.
const ICMP_HEADER: usize = 8;
/// The largest report: it is not to need fragments anywhere (RFC 4443 §2.4 c).
const LARGEST: usize = LEAST_MTU as usize - HEADER;
/// How much of what a packet carried tells whose it was.
const QUOTED: usize = 8;

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// An ICMPv6 message has come; tells whether it is one.
    pub(super) fn icmp(&self, arrival: &Arrival, message: &[u8]) -> bool {
        let Some((&[kind, code, _, _, a, b, c, d], body)) = message.split_first_chunk::<ICMP_HEADER>() else {
            return false;
        };
        // How long a message of its kind has to be is looked at by who reads it: there are kinds the parser knows not.
        if !Icmpv6Packet::new_unchecked(message).verify_checksum(&arrival.source, &arrival.destination) {
            return false;
        }
        let field = u32::from_be_bytes([a, b, c, d]);
        match (kind, code) {
            (ECHO_REQUEST, 0) => self.echo(arrival, message),
            (TOO_BIG, _) => self.report(body, arrival.now, &|to| {
                let said = u16::try_from(field).unwrap_or(u16::MAX);
                Why::TooLarge(self.paths.borrow_mut().learn(to.into(), said, self.link_mtu(), arrival.now))
            }),
            (UNREACHABLE, PORT_UNREACHABLE) | (PARAMETER_PROBLEM, UNKNOWN_HEADER) => {
                self.report(body, arrival.now, &|_| Why::Refused)
            }
            (UNREACHABLE | TIME_EXCEEDED | PARAMETER_PROBLEM, _) => {
                self.report(body, arrival.now, &|_| Why::Unreachable)
            }
            (QUERY | REPORT_V1, 0) => self.listener(arrival, kind, message),
            _ => self.discovery(arrival, message),
        }
        true
    }

    /// Sends back what was sent (RFC 4443 §4.2), but not to whoever pings everybody.
    fn echo(&self, arrival: &Arrival, message: &[u8]) {
        let &Arrival { source, destination, now, .. } = arrival;
        let (Some((&[_, _, high, low, a, b, c, d], data)), true) =
            (message.split_first_chunk::<ICMP_HEADER>(), self.is_own(destination))
        else {
            return;
        };
        if source.is_unspecified() || !self.echoes.take(now) {
            return;
        }
        // Only the type differs, by one, from what the checksum was made of (RFC 1624 §3).
        let sum = u32::from(!u16::from_be_bytes([high, low])) + u32::from(ECHO_REPLY - ECHO_REQUEST) * 0x100;
        let [high, low] = (!((sum & 0xffff) + (sum >> 16)) as u16).to_be_bytes();
        let head = [ECHO_REPLY, 0, high, low, a, b, c, d];
        // A reply that finds no room is lost, as the request might have been.
        let _ = self.send(header(destination, source), &[&head, data], Offload::default());
    }

    /// Somebody says that a packet of ours was not delivered, or this end knows it; `quoted` is how it began.
    pub(super) fn report(&self, quoted: &[u8], now: Instant, why: &dyn Fn(Ipv6Addr) -> Why) {
        let packet = Ipv6Packet::new_unchecked(quoted);
        if quoted.len() < HEADER || packet.version() != 6 || !self.is_own(packet.src_addr()) {
            return;
        }
        let behind = &quoted[HEADER..];
        let (protocol, at) = match walk(packet.next_header().into(), behind) {
            Chain::Payload { protocol, at, .. } | Chain::Fragment { offset: 0, protocol, at, .. } => (protocol, at),
            _ => return,
        };
        let Some(quoted) = behind.get(at..).filter(|payload| payload.len() >= QUOTED) else { return };
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        let why = why(destination);
        let (source, destination) = (source.into(), destination.into());
        self.protocols.each_of(protocol.into(), |protocol| {
            protocol.undelivered(Undelivered { source, destination, why, quoted, now });
        });
    }

    /// Tells who sent a packet that nobody is at its port. The quoted header is made anew: hop limit and flow label are
    /// not those it came with.
    pub(super) fn refuse_port(&self, packet: &Packet<'_>) {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (packet.source, packet.destination) else { return };
        let ip = emit(source, destination, packet.protocol, 1, packet.payload.len().min(u16::MAX.into()));
        self.error((source, destination), [UNREACHABLE, PORT_UNREACHABLE], 0, [&ip, packet.payload], packet.now);
    }

    /// Tells who sent `packet` that something at `pointer` in it was not understood (RFC 4443 §3.4).
    pub(super) fn problem(&self, arrival: &Arrival, code: u8, pointer: u32, packet: &[u8]) {
        let way = (arrival.source, arrival.destination);
        self.error(way, [PARAMETER_PROBLEM, code], pointer, [packet, &[]], arrival.now);
    }

    /// Reports a packet that went `(from, to)` to who sent it, unless it was to a group (RFC 4443 §2.4 e) or that was
    /// done too often lately.
    fn error(&self, way: (Ipv6Addr, Ipv6Addr), kind: [u8; 2], field: u32, quoted: [&[u8]; 2], now: Instant) {
        let (source, destination) = way;
        let to_us = self.is_own(destination) && !source.is_unspecified();
        if !to_us || !self.errors.take(now) {
            return;
        }
        let mut message = [0; LARGEST];
        message[..2].copy_from_slice(&kind);
        message[4..ICMP_HEADER].copy_from_slice(&field.to_be_bytes());
        let mut length = ICMP_HEADER;
        for part in quoted {
            let part = &part[..part.len().min(LARGEST - length)];
            message[length..][..part.len()].copy_from_slice(part);
            length += part.len();
        }
        let message = &mut message[..length];
        Icmpv6Packet::new_unchecked(&mut *message).fill_checksum(&destination, &source);
        // A report that finds no room is lost: nobody may rely on one.
        let _ = self.send(header(destination, source), &[message], Offload::default());
    }
}

fn header(source: Ipv6Addr, destination: Ipv6Addr) -> Header {
    Header { source: source.into(), destination: destination.into(), protocol: ICMPV6, whole: false }
}
