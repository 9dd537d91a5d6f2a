//! Segments on their way out: ports, addresses and the checksum.

use core::net::IpAddr;

use mirage::{Checksum, Header, Ip, Offload, Offloads, Refused, Route};

use super::checksum::Sum;
use crate::parts::{self, Parts};
use crate::tcp::connection::Path;
use crate::tcp::table::Pair;
use crate::tcp::{Segment, Words};

/// TCP's protocol number.
pub const PROTOCOL: u8 = 6;
/// Where the checksum stands in a header, in bytes (RFC 9293 section 3.1).
const CHECKSUM: usize = 16;
/// The largest payload a device cuts into segments: what an IP packet holds less the largest headers.
const LARGEST: u32 = 65_535 - 120;
/// No path is taken to carry less, in bytes: a report that says so is somebody's trick (RFC 5927 section 7.2).
const LEAST: u16 = 216;

/// Sends a segment between the ends of `pair`. `cut` is the size of the segments the device is to make of it, 0 when it
/// is one already.
pub fn send(
    ip: &impl Ip,
    pair: &Pair,
    offloads: Offloads,
    segment: &Segment,
    payload: &[&[u8]],
    cut: u16,
) -> Result<(), Refused> {
    let (source, destination) = (pair.local().ip(), pair.remote().ip());
    let segment = Segment { source_port: pair.local_port, destination_port: pair.remote_port, ..*segment };
    let mut words = Words::new();
    let header = segment.emit(&mut words);

    let length = header.len() + payload.iter().map(|part| part.len()).sum::<usize>();
    let mut sum = Sum::pseudo_header(source, destination, length);
    let offload = if offloads.checksum {
        header[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.folded().to_be_bytes());
        Offload { checksum: Some(Checksum { start: 0, offset: CHECKSUM as u16 }), segment: cut }
    } else {
        sum.add(header);
        payload.iter().for_each(|part| sum.add(part));
        header[CHECKSUM..CHECKSUM + 2].copy_from_slice(&(!sum.folded()).to_be_bytes());
        Offload { checksum: None, segment: cut }
    };

    let header_fields = Header { source, destination, protocol: PROTOCOL, whole: true };
    let mut parts = Parts::new();
    parts::add(&mut parts, header, payload)?;
    ip.send(header_fields, &parts, offload)
}

/// What a route means for the segments of a connection.
pub fn path(route: &Route) -> Path {
    let mss = segment_size(route.mtu, route.source);
    let Offloads { checksum, segment_v4, segment_v6 } = route.offloads;
    let cuts = checksum && if route.source.is_ipv4() { segment_v4 } else { segment_v6 };
    Path { mss, segment_most: if cuts { LARGEST } else { 0 } }
}

/// The largest segment in a packet of `mtu` bytes, without the fixed headers (RFC 6691).
pub fn segment_size(mtu: u16, address: IpAddr) -> u16 {
    mtu.saturating_sub(if address.is_ipv4() { 40 } else { 60 }).max(LEAST)
}

/// Whether the checksum of a packet is right.
pub fn is_intact(source: IpAddr, destination: IpAddr, packet: &[u8]) -> bool {
    let mut sum = Sum::pseudo_header(source, destination, packet.len());
    sum.add(packet);
    sum.folded() == !0
}
