//! The UDP header (RFC 768) and its checksum, over IPv4 and IPv6 (RFC 8200, section 8.1).

use core::net::IpAddr;

use mirage::{Checksum, Offload, Packet};
use smoltcp::wire::{IpProtocol, UdpPacket, checksum};

/// UDP's protocol number (IANA).
pub const PROTOCOL: u8 = 17;

/// The header's length, in bytes.
pub const HEADER: usize = 8;

/// Where the checksum is in the header, in bytes.
const CHECKSUM_AT: u16 = 6;

/// What a datagram's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub source: u16,
    pub destination: u16,
}

/// The ports and the data of a datagram; nothing if it is malformed or its checksum is wrong.
pub fn parse<'a>(packet: &'a Packet<'_>) -> Option<(Ports, &'a [u8])> {
    let datagram = UdpPacket::new_checked(&*packet.payload).ok()?;
    let (source, destination) = (packet.source, packet.destination);
    if source.is_ipv4() != destination.is_ipv4() || datagram.dst_port() == 0 {
        return None;
    }
    // Over IPv4 a sender may leave the checksum out; over IPv6 nobody protects the addresses then, and it must not be
    // accepted (RFC 8200, section 8.1).
    let absent = datagram.checksum() == 0;
    let intact = packet.received.checksum
        || if absent { source.is_ipv4() } else { datagram.verify_checksum(&source.into(), &destination.into()) };
    let ports = Ports { source: datagram.src_port(), destination: datagram.dst_port() };
    intact.then_some((ports, datagram.payload()))
}

/// The ports of a datagram of which only the first bytes are known, as an ICMP error quotes it.
pub fn quoted(bytes: &[u8]) -> Option<Ports> {
    let &[s, t, d, e, ..] = bytes else { return None };
    Some(Ports { source: u16::from_be_bytes([s, t]), destination: u16::from_be_bytes([d, e]) })
}

/// The header of a datagram, and what is left to do with its checksum: everything, if the device can, else nothing.
/// `length` is that of header and data together.
pub fn header(
    ports: Ports,
    source: IpAddr,
    destination: IpAddr,
    data: &[u8],
    length: u16,
    by_device: bool,
) -> ([u8; HEADER], Offload) {
    let mut bytes = [0; HEADER];
    bytes[..2].copy_from_slice(&ports.source.to_be_bytes());
    bytes[2..4].copy_from_slice(&ports.destination.to_be_bytes());
    bytes[4..6].copy_from_slice(&length.to_be_bytes());
    let pseudo = checksum::pseudo_header(&source.into(), &destination.into(), IpProtocol::Udp, length.into());
    if by_device {
        bytes[6..].copy_from_slice(&pseudo.to_be_bytes());
        return (bytes, Offload { checksum: Some(Checksum { start: 0, offset: CHECKSUM_AT }), segment: 0 });
    }
    let sum = !checksum::combine(&[pseudo, checksum::data(&bytes), checksum::data(data)]);
    // Zero means "no checksum"; all ones is the same number to whoever adds it up.
    let sum = if sum == 0 { 0xffff } else { sum };
    bytes[6..].copy_from_slice(&sum.to_be_bytes());
    (bytes, Offload::default())
}
