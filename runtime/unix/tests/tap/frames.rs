//! Frames by hand, and what the kernel sent: ARP (RFC 826), IPv4 (RFC 791), UDP (RFC 768), TCP (RFC 9293).

use mirage::{Checksum, MacAddress, Network as _, Offload, Received};
use mirage_unix::Tap;

/// This end's address; the kernel's is [`THEIRS`].
pub const OURS: [u8; 4] = [10, 9, 8, 2];
/// The kernel's address.
pub const THEIRS: [u8; 4] = [10, 9, 8, 1];

/// A tap device that answers ARP for [`OURS`] and hands on every IPv4 packet to it.
pub struct Host {
    pub tap: Tap,
    /// Where the kernel's frames come from.
    pub peer: MacAddress,
}

/// An IPv4 packet that came.
#[derive(Debug)]
pub struct Packet {
    pub protocol: u8,
    /// What follows the IPv4 header.
    pub payload: Vec<u8>,
    pub received: Received,
}

impl Host {
    pub fn new(tap: Tap) -> Self {
        Self { tap, peer: MacAddress::BROADCAST }
    }

    /// Waits for the next packet to us.
    pub async fn packet(&mut self) -> Packet {
        loop {
            let (mut arp, mut packet) = (None, None);
            let deliver = &mut |frame: &mut [u8], received: Received| match frame[12..14] {
                [0x08, 0x06] if frame[38..42] == OURS => arp = Some(frame[6..42].to_vec()),
                [0x08, 0x00] if frame[30..34] == OURS => {
                    let payload = frame[34..14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]))].to_vec();
                    packet = Some(Packet { protocol: frame[23], payload, received });
                }
                _ => {} // multicast of the kernel's own: IPv6 and the like
            };
            if self.tap.receive(1, deliver).expect("the device is there") == 0 {
                self.tap.ready().await.expect("the device is there");
            }
            if let Some(request) = arp {
                self.answer(&request);
            }
            if let Some(packet) = packet {
                return packet;
            }
        }
    }

    /// Answers an ARP request, given from the Ethernet source address on.
    fn answer(&mut self, request: &[u8]) {
        self.peer.0.copy_from_slice(&request[..6]);
        let ours = self.tap.mac().0;
        let header = [&self.peer.0[..], &ours, &[0x08, 0x06]].concat();
        let reply = [&request[8..14], &[0, 2], &ours, &OURS, &self.peer.0, &THEIRS].concat();
        assert!(self.tap.send(&[&header, &reply], Offload::default()).expect("the device is there"));
    }

    /// Sends a packet whose checksum, `offset` bytes into the payload, is left to the kernel, and so is cutting it into
    /// `segment`s.
    pub fn send(&mut self, protocol: u8, payload: &[u8], offset: u16, segment: u16) {
        let length = u16::try_from(payload.len()).expect("a packet's length");
        let mut ip = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        ip[2..4].copy_from_slice(&(20 + length).to_be_bytes());
        ip[12..16].copy_from_slice(&OURS);
        ip[16..20].copy_from_slice(&THEIRS);
        let sum = !folded(&ip);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        let mut payload = payload.to_vec();
        let pseudo = [&OURS[..], &THEIRS, &[0, protocol], &length.to_be_bytes()].concat();
        let at = usize::from(offset);
        payload[at..at + 2].copy_from_slice(&folded(&pseudo).to_be_bytes());
        let ethernet = [&self.peer.0[..], &self.tap.mac().0, &[0x08, 0x00]].concat();
        // In many parts, so that some are put together on the way.
        let mut parts = vec![&ethernet[..], &ip];
        parts.extend(payload.chunks(payload.len().div_ceil(20)));
        let offload = Offload { checksum: Some(Checksum { start: 34, offset }), segment };
        assert!(self.tap.send(&parts, offload).expect("the device is there"));
        self.tap.notify().expect("the device is there");
    }
}

/// The sum that checksums are made of (RFC 1071).
fn folded(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}

/// A TCP segment from port 7000 without its checksum.
pub fn segment(to: u16, sequence: u32, acknowledged: u32, flags: u8, options: &[u8], data: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).expect("a header's length");
    let numbers = [sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat();
    let ports = [7000_u16.to_be_bytes(), to.to_be_bytes()].concat();
    [&ports[..], &numbers, &[words << 4, flags, 0xff, 0xff, 0, 0, 0, 0], options, data].concat()
}
