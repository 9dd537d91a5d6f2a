//! As much of Ethernet, IP and TCP headers as a network interface with offloads knows (RFC 791, RFC 8200, RFC 9293).

use std::ops::Range;

pub const ETHERNET: usize = 14;
/// The shortest frame, without its frame check sequence (IEEE 802.3).
pub const SHORTEST: usize = 60;
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where TCP or UDP is in a frame over IP.
#[derive(Clone, Debug)]
pub struct Transport {
    pub v6: bool,
    pub tcp: bool,
    /// The IP header.
    pub ip: usize,
    /// Header and payload of TCP or UDP.
    pub segment: Range<usize>,
    /// Where the payload begins.
    pub payload: usize,
}

pub fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |word| u16::from_be_bytes([word[0], word[1]]))
}

pub fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(word(bytes, at)) << 16 | u32::from(word(bytes, at + 2))
}

pub fn put(bytes: &mut [u8], at: usize, word: u16) {
    bytes[at..at + 2].copy_from_slice(&word.to_be_bytes());
}

/// The sum of RFC 1071, folded, over `bytes` and what was summed before.
pub fn sum(bytes: &[u8], before: u16) -> u16 {
    let words = bytes.chunks(2).map(|pair| u64::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
    let mut sum = u64::from(before) + words.sum::<u64>();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Where the IP packet of a frame is, padding left out; empty if the frame carries something else.
pub fn packet(frame: &[u8]) -> Range<usize> {
    let length = match frame.get(12..ETHERNET) {
        Some(kind) if kind == IPV4 => usize::from(word(frame, ETHERNET + 2)),
        Some(kind) if kind == IPV6 => 40 + usize::from(word(frame, ETHERNET + 4)),
        _ => return ETHERNET..ETHERNET,
    };
    ETHERNET..(ETHERNET + length).clamp(ETHERNET, frame.len().max(ETHERNET))
}

/// Finds TCP or UDP in a frame over IP: none in fragments, behind extension headers, and where lengths contradict.
pub fn transport(frame: &[u8]) -> Option<Transport> {
    let kind = frame.get(12..ETHERNET)?;
    let (v6, header, length, protocol) = if kind == IPV4 {
        let fragment = word(frame, ETHERNET + 6) & 0x3fff != 0;
        let header = usize::from(frame.get(ETHERNET)? & 15) * 4;
        (false, if fragment { 0 } else { header }, usize::from(word(frame, ETHERNET + 2)), *frame.get(ETHERNET + 9)?)
    } else if kind == IPV6 {
        (true, 40, 40 + usize::from(word(frame, ETHERNET + 4)), *frame.get(ETHERNET + 6)?)
    } else {
        return None;
    };
    let segment = ETHERNET + header..ETHERNET + length;
    if header < 20 || segment.len() < 8 || segment.start > segment.end || segment.end > frame.len() {
        return None;
    }
    let payload = match protocol {
        TCP => segment.start + usize::from(frame.get(segment.start + 12)? >> 4) * 4,
        UDP => segment.start + 8,
        _ => return None,
    };
    let least = segment.start + if protocol == TCP { 20 } else { 8 };
    (payload >= least && payload <= segment.end).then_some(Transport {
        v6,
        tcp: protocol == TCP,
        ip: ETHERNET,
        segment,
        payload,
    })
}

impl Transport {
    /// The folded sum of the pseudo-header of a segment this long.
    pub fn pseudo_header(&self, frame: &[u8], length: usize) -> u16 {
        let addresses = if self.v6 { self.ip + 8..self.ip + 40 } else { self.ip + 12..self.ip + 20 };
        let protocol = if self.tcp { TCP } else { UDP };
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        sum(&frame[addresses], sum(&[0, protocol], sum(&length, 0)))
    }

    /// Where the checksum is.
    pub fn checksum(&self) -> usize {
        self.segment.start + if self.tcp { 16 } else { 6 }
    }

    /// Whether the checksum is right. A datagram may come without one over IPv4 (RFC 768).
    pub fn is_good(&self, frame: &[u8]) -> bool {
        let none = !self.tcp && !self.v6 && word(frame, self.checksum()) == 0;
        none || sum(&frame[self.segment.clone()], self.pseudo_header(frame, self.segment.len())) == 0xffff
    }

    /// Has the IP header say how long the packet is, `frame` ending with it.
    pub fn fit(&self, frame: &mut [u8]) {
        let length = |from: usize| u16::try_from(frame.len() - from).unwrap_or(u16::MAX);
        if self.v6 {
            put(frame, self.ip + 4, length(self.ip + 40));
        } else {
            put(frame, self.ip + 2, length(self.ip));
            put(frame, self.ip + 10, 0);
            let sum = sum(&frame[self.ip..self.segment.start], 0);
            put(frame, self.ip + 10, !sum);
        }
    }
}
