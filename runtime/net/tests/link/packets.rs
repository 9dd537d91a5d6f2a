//! Packets as a test wants them, right or wrong.

use std::net::Ipv4Addr;

use mirage::MacAddress;
use smoltcp::wire::{Icmpv4Packet, Ipv4Packet};

use crate::bench::{HERE, PROTOCOL, THERE};

pub const IPV4: u16 = 0x0800;
pub const ARP: u16 = 0x0806;
/// The flag of a piece that more pieces follow (RFC 791 §3.1).
pub const MORE: u16 = 0x2000;
/// The flag of a packet that must stay whole.
pub const WHOLE: u16 = 0x4000;

/// An ARP message (RFC 826).
pub fn arp(request: bool, sender: (MacAddress, Ipv4Addr), target: (MacAddress, Ipv4Addr)) -> Vec<u8> {
    let operation = [0, 1, 8, 0, 6, 4, 0, if request { 1 } else { 2 }];
    let (sha, spa, tha, tpa) = (sender.0.0, sender.1.octets(), target.0.0, target.1.octets());
    [&operation[..], &sha, &spa, &tha, &tpa].concat()
}

/// An IPv4 packet or a piece of one.
#[derive(Clone)]
pub struct Piece<'a> {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub protocol: u8,
    pub identification: u16,
    /// Flags, and the place in units of eight bytes.
    pub flags: u16,
    pub options: &'a [u8],
    pub payload: &'a [u8],
}

impl<'a> Piece<'a> {
    /// From the neighbour to the host.
    pub fn of(payload: &'a [u8]) -> Self {
        let (source, destination) = (THERE, HERE);
        Self { source, destination, protocol: PROTOCOL, identification: 7, flags: 0, options: &[], payload }
    }
}

/// Its bytes.
pub fn piece(piece: &Piece<'_>) -> Vec<u8> {
    let start = 20 + piece.options.len();
    let mut bytes = vec![0; start + piece.payload.len()];
    bytes[0] = 0x40 | (start / 4) as u8;
    let total = bytes.len() as u16;
    bytes[2..4].copy_from_slice(&total.to_be_bytes());
    bytes[4..6].copy_from_slice(&piece.identification.to_be_bytes());
    bytes[6..8].copy_from_slice(&piece.flags.to_be_bytes());
    bytes[8] = 64;
    bytes[9] = piece.protocol;
    bytes[12..16].copy_from_slice(&piece.source.octets());
    bytes[16..20].copy_from_slice(&piece.destination.octets());
    bytes[20..start].copy_from_slice(piece.options);
    bytes[start..].copy_from_slice(piece.payload);
    Ipv4Packet::new_unchecked(&mut bytes[..]).fill_checksum();
    bytes
}

/// An ICMP message (RFC 792): type, code, the four bytes after the checksum, and what follows.
pub fn icmp(kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = [&[kind, code, 0, 0][..], &rest, data].concat();
    Icmpv4Packet::new_unchecked(&mut bytes[..]).fill_checksum();
    bytes
}
