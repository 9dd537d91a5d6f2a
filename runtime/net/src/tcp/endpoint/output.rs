//! Segments on their way out: ports, addresses and the checksum.

use alloc::vec::Vec;
use core::net::IpAddr;

use mirage::{Checksum, Header, Ip, Offload, Offloads, Refused, Route};
use smoltcp::wire::{IpProtocol, ip::checksum};

use crate::tcp::Segment;
use crate::tcp::connection::Path;
use crate::tcp::table::Pair;

/// TCP's protocol number.
pub const PROTOCOL: u8 = 6;
/// Where the checksum stands in a header, in bytes (RFC 9293 section 3.1).
const CHECKSUM: usize = 16;
/// The parts of a payload that are passed on without an allocation: 64 KiB in chunks of 4 KiB, and a few.
const PARTS: usize = 24;
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
    let mut buffer = [0; 60];
    let header = segment.emit(&mut buffer);

    let length = header.len() + payload.iter().map(|part| part.len()).sum::<usize>();
    let pseudo = pseudo_header(source, destination, length);
    let offload = if offloads.checksum {
        header[CHECKSUM..CHECKSUM + 2].copy_from_slice(&pseudo.to_be_bytes());
        Offload { checksum: Some(Checksum { start: 0, offset: CHECKSUM as u16 }), segment: cut }
    } else {
        let sum = !checksum::combine(&[pseudo, checksum::data(header), sum(payload)]);
        header[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
        Offload { checksum: None, segment: cut }
    };

    let header_fields = Header { source, destination, protocol: PROTOCOL, whole: true };
    let mut parts = [&[][..]; PARTS + 1];
    parts[0] = header;
    match parts.get_mut(1..=payload.len()) {
        Some(places) => {
            places.copy_from_slice(payload);
            ip.send(header_fields, &parts[..=payload.len()], offload)
        }
        None => {
            let mut parts = Vec::with_capacity(payload.len() + 1);
            parts.push(&*header);
            parts.extend_from_slice(payload);
            ip.send(header_fields, &parts, offload)
        }
    }
}

/// What a route means for the segments of a connection.
pub fn path(route: &Route) -> Path {
    let mss = segment_size(route.mtu, route.source);
    let Offloads { checksum, segment_v4, segment_v6 } = route.offloads;
    let cuts = checksum && if route.source.is_ipv4() { segment_v4 } else { segment_v6 };
    Path { mss, segment_most: if cuts { LARGEST } else { mss.into() } }
}

/// The largest segment in a packet of `mtu` bytes, without the fixed headers (RFC 6691).
pub fn segment_size(mtu: u16, address: IpAddr) -> u16 {
    mtu.saturating_sub(if address.is_ipv4() { 40 } else { 60 }).max(LEAST)
}

/// Whether the checksum of a packet is right.
pub fn is_intact(source: IpAddr, destination: IpAddr, packet: &[u8]) -> bool {
    let pseudo = pseudo_header(source, destination, packet.len());
    checksum::combine(&[pseudo, checksum::data(packet)]) == !0
}

/// The folded sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1). A packet has two addresses of one
/// family.
fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> u16 {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            checksum::pseudo_header_v4(&source, &destination, IpProtocol::Tcp, length)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            checksum::pseudo_header_v6(&source, &destination, IpProtocol::Tcp, length)
        }
        _ => 0,
    }
}

/// The folded sum of parts that follow each other, some of them perhaps of odd length (RFC 1071 section 2).
fn sum(parts: &[&[u8]]) -> u16 {
    let (mut total, mut odd) = (0, false);
    for part in parts {
        let part_sum = checksum::data(part);
        total = checksum::combine(&[total, if odd { part_sum.swap_bytes() } else { part_sum }]);
        odd ^= part.len() % 2 == 1;
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_sum_up_to_the_whole_rfc_1071_2(parts: Vec<Vec<u8>>) {
            let whole: Vec<u8> = parts.concat();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            // Zero has two representations.
            prop_assert_eq!(sum(&parts) % 0xffff, checksum::data(&whole) % 0xffff);
        }
    }
}
