//! A router between two wires, whose far side takes less than an Ethernet does: what does not fit is answered with
//! "fragmentation needed" (RFC 1191) or "packet too big" (RFC 8201).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use mirage::{MacAddress, Network as _, Offload, Spawn as _};
use mirage_test::{Port, World};
use smoltcp::wire::{ArpPacket, Icmpv4Packet, Icmpv6Packet, Ipv4Packet, Ipv6Packet};

/// The router's address in the network of a side: `10.0.SIDE.254` and `fd00:SIDE::fe`.
pub fn address(side: u8) -> (Ipv4Addr, Ipv6Addr) {
    (Ipv4Addr::new(10, 0, side, 254), Ipv6Addr::new(0xfd00, side.into(), 0, 0, 0, 0, 0, 0xfe))
}

/// What a router did.
#[derive(Default)]
pub struct Did {
    /// Packets it passed on.
    pub forwarded: Cell<usize>,
    /// The largest of them, in bytes.
    pub largest: Cell<usize>,
    /// Packets it found too large.
    pub refused: Cell<usize>,
}

/// One side: its port, and who is on its wire.
struct Side {
    number: u8,
    port: Port,
    hosts: BTreeMap<IpAddr, MacAddress>,
}

/// Starts a router whose way from either side to the other takes packets of `mtu` bytes.
pub fn start(world: &World, one: Port, other: Port, mtu: usize) -> Rc<Did> {
    let did = Rc::new(Did::default());
    let side = |(number, port)| Side { number, port, hosts: BTreeMap::new() };
    let mut sides = [(0, one), (1, other)].map(side);
    let told = did.clone();
    world.spawner().spawn(async move {
        loop {
            std::future::poll_fn(|context| {
                let ready = sides.iter_mut().map(|side| side.port.poll_ready(context).is_ready());
                if ready.fold(false, |any, ready| any | ready) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
            for from in 0..2 {
                let mut frames = Vec::new();
                let Ok(_) = sides[from].port.receive(64, &mut |frame: &mut [u8], _| frames.push(frame.to_vec()));
                let [near, far] = if from == 0 {
                    let [a, b] = &mut sides;
                    [a, b]
                } else {
                    let [a, b] = &mut sides;
                    [b, a]
                };
                frames.into_iter().for_each(|frame| take(near, far, mtu, frame, &told));
            }
        }
    });
    did
}

fn send(port: &mut Port, to: MacAddress, ethertype: [u8; 2], packet: &[u8]) {
    let header = [&to.0[..], &port.mac().0, &ethertype].concat();
    let Ok(_) = port.send(&[&header, packet], Offload::default());
    let Ok(()) = port.notify();
}

/// A frame has come on the side of `near`.
fn take(near: &mut Side, far: &mut Side, mtu: usize, frame: Vec<u8>, did: &Did) {
    let mac = MacAddress(frame[6..12].try_into().expect("a header"));
    let packet = frame[14..].to_vec();
    let (four, six) = address(near.number);
    match frame[12..14] {
        [8, 6] => {
            let arp = ArpPacket::new_unchecked(&packet);
            near.hosts.insert(four_of(arp.source_protocol_addr()), mac);
            if frame[21] == 1 && arp.target_protocol_addr() == four.octets() {
                let asked = [&mac.0[..], arp.source_protocol_addr()].concat();
                let reply = [&[0, 1, 8, 0, 6, 4, 0, 2][..], &near.port.mac().0, &four.octets(), &asked].concat();
                send(&mut near.port, mac, [8, 6], &reply);
            }
        }
        [8, 0] => {
            let ip = Ipv4Packet::new_checked(&packet).expect("a packet");
            let (to, length) = (IpAddr::from(ip.dst_addr()), usize::from(ip.total_len()));
            let Some(&next) = far.hosts.get(&to) else { return };
            if length > mtu {
                assert!(ip.dont_frag(), "TCP finds the path's MTU out");
                did.refused.set(did.refused.get() + 1);
                let mut message = [&[3, 4, 0, 0, 0, 0][..], &(mtu as u16).to_be_bytes(), &packet[..28]].concat();
                Icmpv4Packet::new_unchecked(&mut message).fill_checksum();
                let mut reply = vec![0x45, 0, 0, 20 + message.len() as u8, 0, 0, 0, 0, 64, 1, 0, 0];
                reply.extend(four.octets().iter().chain(&ip.src_addr().octets()));
                Ipv4Packet::new_unchecked(&mut reply).fill_checksum();
                return send(&mut near.port, mac, [8, 0], &[reply, message].concat());
            }
            forward(far, next, [8, 0], &packet[..length], did);
        }
        [0x86, 0xdd] => {
            let ip = Ipv6Packet::new_checked(&packet).expect("a packet");
            let (source, destination, length) = (ip.src_addr(), ip.dst_addr(), ip.total_len());
            let message = &packet[40..length];
            // Whoever asks whether an address is free has it, and says so by it (RFC 4862 §5.4.2).
            if u8::from(ip.next_header()) == 58 && message[0] == 135 {
                let target = Ipv6Addr::from(<[u8; 16]>::try_from(&message[8..24]).expect("a target"));
                near.hosts.insert(if source.is_unspecified() { target } else { source }.into(), mac);
                if target == six {
                    let option = [&[2, 1][..], &near.port.mac().0].concat();
                    let head = [136, 0, 0, 0, 0xe0, 0, 0, 0];
                    let body = [&head[..], &target.octets(), &option].concat();
                    icmpv6(near, mac, source, 255, body);
                }
                return;
            }
            let Some(&next) = far.hosts.get(&IpAddr::from(destination)) else { return };
            if length > mtu {
                did.refused.set(did.refused.get() + 1);
                let quoted = &packet[..length.min(1200)];
                let body = [&[2, 0, 0, 0][..], &(mtu as u32).to_be_bytes(), quoted].concat();
                return icmpv6(near, mac, source, 64, body);
            }
            forward(far, next, [0x86, 0xdd], &packet[..length], did);
        }
        _ => {}
    }
}

fn forward(far: &mut Side, next: MacAddress, ethertype: [u8; 2], packet: &[u8], did: &Did) {
    did.forwarded.set(did.forwarded.get() + 1);
    did.largest.set(did.largest.get().max(packet.len()));
    send(&mut far.port, next, ethertype, packet);
}

fn icmpv6(near: &mut Side, mac: MacAddress, to: Ipv6Addr, hops: u8, mut message: Vec<u8>) {
    let (_, from) = address(near.number);
    Icmpv6Packet::new_unchecked(&mut message).fill_checksum(&from, &to);
    let [high, low] = (message.len() as u16).to_be_bytes();
    let header = [&[0x60, 0, 0, 0, high, low, 58, hops][..], &from.octets(), &to.octets()].concat();
    send(&mut near.port, mac, [0x86, 0xdd], &[header, message].concat());
}

fn four_of(bytes: &[u8]) -> IpAddr {
    <[u8; 4]>::try_from(bytes).expect("four bytes").into()
}
