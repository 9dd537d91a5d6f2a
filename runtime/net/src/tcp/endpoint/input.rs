//! Packets on their way in: whose are they?

use alloc::rc::Rc;
use core::net::{IpAddr, SocketAddr};

use mirage::time::Instant;
use mirage::{Clock, Ip, Packet, Packets, Random, Undelivered};

use super::{Endpoint, Socket, answer, output};
use crate::tcp::Segment;
use crate::tcp::table::Pair;

/// A segment, and all that is known of it.
pub struct Arrival<'a> {
    pub pair: Pair,
    pub hash: u32,
    pub segment: Segment,
    pub payload: &'a [u8],
    /// The size of the segments it was coalesced from, in bytes; 0: it came as it is.
    pub coalesced: u16,
    pub now: Instant,
}

impl<I: Ip, C: Clock, R: Random> Packets for Endpoint<I, C, R> {
    fn input(&self, packet: Packet<'_>) {
        let Some(pair) = self.ends(&packet) else { return };
        let hash = self.core.secret.hash(&pair);
        if let Some(arrival) = arrival(&packet, pair, hash) {
            self.take(&arrival);
        }
    }

    fn end_batch(&self) {
        if let Some(now) = self.deliver_all() {
            self.send_waiting(now);
        }
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        // What came before it may be what it is about.
        self.deliver_all();
        self.report(&report);
    }

    fn poll(&self, now: Instant) -> Option<Instant> {
        self.round(now)
    }
}

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    /// The ends of a packet; none if it is not between two hosts (RFC 9293 section 3.9.2.3, MUST-57 and MUST-63).
    fn ends(&self, packet: &Packet<'_>) -> Option<Pair> {
        let Packet { source, destination, .. } = *packet;
        let one_family = source.is_ipv4() == destination.is_ipv4();
        let hosts = one_family && is_host(source) && is_host(destination) && self.ip.is_local(destination);
        let &[a, b, c, d] = packet.payload.first_chunk().filter(|_| hosts)?;
        let (there, here) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let ends = here != 0 && there != 0;
        ends.then(|| Pair::new(SocketAddr::new(destination, here), SocketAddr::new(source, there)))
    }

    pub(super) fn deliver(&self, socket: &Rc<Socket>, arrival: &Arrival<'_>) {
        self.core.visit();
        let Arrival { segment, payload, coalesced, now, .. } = *arrival;
        // A connection that is sending just now misses what comes to itself, as if it was lost.
        let Ok(mut connection) = socket.connection.try_borrow_mut() else { return };
        let mut changes = connection.input(now, &segment, payload, coalesced);
        if changes.challenge && self.may_challenge(now) {
            connection.challenge();
            changes.dirty = true;
        }
        if connection.is_urgent() {
            // Without room it goes with what is sent at the end of the round.
            let _ = connection.acknowledge_now(now, &mut |segment, payload, cut| {
                output::send(&self.ip, socket.pair(), socket.offloads.get(), segment, payload, cut)
            });
        }
        drop(connection);
        if changes.refuse {
            self.refuse(arrival);
        }
        self.core.apply(socket, changes, now);
    }

    /// Answers that nobody is there (RFC 9293 section 3.10.7.1).
    pub(super) fn refuse(&self, arrival: &Arrival<'_>) {
        if let Some(segment) = answer::refusal(&arrival.segment, arrival.payload.len()) {
            self.reply(&arrival.pair, &segment);
        }
    }

    /// Sends an answer that nothing remembers, if not too many were sent in this round: what a flood costs is its
    /// answers. False when it was not sent.
    pub(super) fn reply(&self, pair: &Pair, segment: &Segment) -> bool {
        if self.replies.get() >= super::device::REPLIES {
            return false;
        }
        self.replies.set(self.replies.get() + 1);
        let Ok(route) = self.ip.route_from(pair.local().ip(), pair.remote().ip()) else { return false };
        output::send(&self.ip, pair, route.offloads, segment, &[], 0).is_ok()
    }

    /// Whether the limit leaves a challenge ACK (RFC 5961 section 7).
    pub(super) fn may_challenge(&self, now: Instant) -> bool {
        self.challenges.borrow_mut().allow(now, || self.random())
    }
}

/// Reads a packet; none if it is damaged.
fn arrival<'a>(packet: &'a Packet<'_>, pair: Pair, hash: u32) -> Option<Arrival<'a>> {
    let Packet { source, destination, received, now, .. } = *packet;
    let intact = received.checksum || output::is_intact(source, destination, packet.payload);
    let (segment, offset) = intact.then(|| Segment::parse(packet.payload)).flatten()?;
    let payload = packet.payload.get(offset..)?;
    Some(Arrival { pair, hash, segment, payload, coalesced: received.segment, now })
}

/// Whether it is the address of one host; addresses mapped from IPv4 never are on a wire (RFC 6890 section 2.2.3).
fn is_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_multicast() && !address.is_broadcast() && !address.is_unspecified(),
        IpAddr::V6(address) => {
            !address.is_multicast() && !address.is_unspecified() && address.to_ipv4_mapped().is_none()
        }
    }
}
