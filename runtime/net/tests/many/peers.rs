//! The peers: hosts behind the router, which open connections, ask and acknowledge. What is kept of each is three
//! numbers.

use std::net::Ipv4Addr;

use mirage_net::tcp::{Segment, Seq, Timestamps, Words};
use smoltcp::wire::Ipv4Packet;

use super::wire::{Frames, HERE, ROUTER};

/// The server's address, its port, and the router's address.
pub const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 0, 0, 1), 80);
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
/// Ethernet's and IPv4's header, in bytes.
const ETHERNET: usize = 14;
const IPV4: usize = 20;
/// Connections from one address.
const PORTS: u32 = 1000;
/// The first of the addresses, of a network for measurements (RFC 2544).
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);

/// The peers, by number.
#[derive(Default)]
pub struct Peers(Vec<Peer>);

#[derive(Clone, Copy)]
struct Peer {
    /// The next octet to send, and the next one that is waited for.
    next: u32,
    expected: u32,
    /// The server's timestamp as it was heard last.
    echo: u32,
}

impl Peers {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Another peer opens a connection, with the options Linux has: its SYN.
    pub fn open(&mut self, frames: &mut Frames) {
        let number = self.len();
        self.0.push(Peer { next: 1, expected: 0, echo: 0 });
        let syn = Segment {
            syn: true,
            ack: None,
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            ..self.segment(number)
        };
        emit(number, &syn, &[], frames);
        self.0[number].next = 2;
    }

    /// A peer sends octets, or just acknowledges what has come.
    pub fn send(&mut self, number: usize, payload: &[u8], frames: &mut Frames) {
        emit(number, &Segment { psh: !payload.is_empty(), ..self.segment(number) }, payload, frames);
        self.0[number].next += payload.len() as u32;
    }

    /// What the table of peers takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Peer>()
    }

    /// A frame came from the server; the octets in it.
    pub fn receive<'f>(&mut self, frame: &'f [u8]) -> &'f [u8] {
        let packet = &frame[ETHERNET + IPV4..];
        let destination = Ipv4Packet::new_unchecked(&frame[ETHERNET..]).dst_addr();
        let (segment, offset) = Segment::parse(packet).expect("TCP");
        let number = (u32::from(destination) - u32::from(FIRST)) * PORTS + u32::from(segment.destination_port - 1024);
        let peer = &mut self.0[number as usize];
        let octets = &packet[offset..];
        peer.expected = segment.seq.0.wrapping_add(segment.length(octets.len()));
        peer.echo = segment.timestamps.map_or(0, |timestamps| timestamps.value);
        octets
    }

    fn segment(&self, number: usize) -> Segment {
        let Peer { next, expected, echo } = self.0[number];
        let timestamps = Some(Timestamps { value: 1, echo });
        Segment { seq: Seq(next), ack: Some(Seq(expected)), window: 500, timestamps, ..Segment::default() }
    }
}

/// The router introduces itself: an ARP request (RFC 826).
pub fn introduce(frames: &mut Frames) {
    let message = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &ROUTER.0, &GATEWAY.octets(), &[0; 6], &SERVER.0.octets()].concat();
    frames.push(&[&HERE.0, &ROUTER.0, &[0x08, 0x06], &message]);
}

fn emit(number: usize, segment: &Segment, payload: &[u8], frames: &mut Frames) {
    let number = number as u32;
    let source = Ipv4Addr::from(u32::from(FIRST) + number / PORTS);
    let source_port = 1024 + (number % PORTS) as u16;
    let mut words = Words::new();
    let header = Segment { source_port, destination_port: SERVER.1, ..*segment }.emit(&mut words);
    let mut ip = [0; IPV4];
    let mut packet = Ipv4Packet::new_unchecked(&mut ip);
    packet.set_version(4);
    packet.set_header_len(IPV4 as u8);
    packet.set_total_len((IPV4 + header.len() + payload.len()) as u16);
    packet.set_hop_limit(60);
    packet.set_next_header(6.into());
    packet.set_src_addr(source);
    packet.set_dst_addr(SERVER.0);
    packet.fill_checksum();
    frames.push(&[&HERE.0, &ROUTER.0, &[0x08, 0x00], &ip, header, payload]);
}
