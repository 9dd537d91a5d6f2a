//! Echo messages (RFC 792, RFC 4443 section 4), as bytes.

use alloc::vec::Vec;
use core::net::IpAddr;

/// The length of what comes before the data.
const HEADER: usize = 8;

/// The protocol that carries them to an address: ICMP or ICMPv6.
pub fn protocol(to: IpAddr) -> u8 {
    if to.is_ipv4() { 1 } else { 58 }
}

/// A question.
pub fn request(from: IpAddr, to: IpAddr, identifier: u16, sequence: u16, data: &[u8]) -> Vec<u8> {
    let kind = if to.is_ipv4() { 8 } else { 128 };
    let mut message = Vec::with_capacity(HEADER + data.len());
    message.extend([kind, 0, 0, 0]);
    message.extend(identifier.to_be_bytes());
    message.extend(sequence.to_be_bytes());
    message.extend(data);
    let mut sum = sum(&message);
    // ICMPv6 sums up who talks to whom as well (RFC 8200 section 8.1).
    if let (IpAddr::V6(from), IpAddr::V6(to)) = (from, to) {
        sum += self::sum(&from.octets()) + self::sum(&to.octets());
        sum += message.len() as u64 + u64::from(protocol(to.into()));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    message[2..4].copy_from_slice(&(!sum as u16).to_be_bytes());
    message
}

/// The identifier, the number and the length of an answer, whose checksum IP has seen to; none if it is something else.
pub fn reply(from: IpAddr, message: &[u8]) -> Option<(u16, u16, usize)> {
    let kind = if from.is_ipv4() { 0 } else { 129 };
    match *message {
        [said, 0, _, _, a, b, c, d, ..] if said == kind => Some((
            u16::from_be_bytes([a, b]),
            u16::from_be_bytes([c, d]),
            message.len(),
        )),
        _ => None,
    }
}

/// The sum of 16-bit words (RFC 1071), which has room for that of any packet.
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2).map(|word| match *word {
        [high, low] => u16::from_be_bytes([high, low]),
        [high] => u16::from_be_bytes([high, 0]),
        _ => 0,
    });
    words.map(u64::from).sum()
}
