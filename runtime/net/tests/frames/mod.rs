//! What holds for any frames whatever that come to a whole stack; shared by the property test, the corpus's replay and
//! the fuzz target.

use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Ethernet as _, EthernetFrame, Frames, Ip as _, MacAddress, Network as _, Offload, Packet, Packets};
use mirage::{Tcp as _, Time as _, Udp as _};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_net::{Arp, Ethernet, Ipv4, Tcp, Udp};
use mirage_test::{Options, Port, World};
use smoltcp::wire::{ArpPacket, Icmpv4Packet, Ipv4Packet, TcpPacket, UdpPacket};

/// The stack's address.
pub const HERE: [u8; 4] = [10, 0, 0, 1];

/// The header checksum of an IPv4 packet is filled in, and what it carries is summed up too.
const SUM: u8 = 1;
/// The frame is for the stack's hardware address, whatever it says.
const FOR_US: u8 = 2;
/// Some seconds pass first.
const LATER: u8 = 4;

/// Frames one after the other, each behind a byte of flags and two of its length. Returns how many packets of IPv4 the
/// stack had to say to them.
pub fn frames(bytes: &[u8]) -> usize {
    let bytes = bytes.to_vec();
    let said = Rc::new(std::cell::Cell::new(0));
    let count = said.clone();
    mirage_test::run(Options { name: "frames", seed: Some(1) }, |world| async move {
        count.set(play(world, bytes).await);
    });
    said.get()
}

async fn play(world: World, bytes: Vec<u8>) -> usize {
    let wire = world.wire();
    let (mut port, ours) = (wire.port(), wire.port());
    let mac = ours.mac();
    let (clock, time, random) = (world.clock(), world.time(), world.random());
    let ethernet = Ethernet::connect(ours, clock.clone(), time.clone(), world.spawner()).await.expect("Ethernet");
    let arp = Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await.expect("ARP");
    let ip = Ipv4::connect(ethernet.clone(), arp, clock.clone(), random.clone()).await.expect("IPv4");
    let udp = Udp::connect(ip.clone(), random.clone()).await.expect("UDP");
    let tcp = Tcp::connect(ip.clone(), clock, random).await.expect("TCP");
    let _bound = udp.bind(53).await.expect("a free port");
    let _listener = tcp.listen(80).await.expect("a free port");
    ip.configure(Some(Interface { address: HERE.into(), prefix: 24, gateway: None, nameservers: Vec::new() }));
    let (mut came, mut said) = (0, 0);
    let mut rest = &bytes[..];
    while let Some((&[flags, high, low], behind)) = rest.split_first_chunk::<3>() {
        let (frame, behind) = behind.split_at(usize::from(u16::from_be_bytes([high, low])).min(behind.len()));
        rest = behind;
        if flags & LATER != 0 {
            time.sleep(Duration::from_secs(7)).await;
        }
        let mut frame = frame.to_vec();
        if frame.len() < 14 || frame.len() > 1514 {
            continue;
        }
        if flags & FOR_US != 0 {
            frame[..6].copy_from_slice(&mac.0);
        }
        if flags & SUM != 0 && frame[12..14] == [8, 0] {
            sum(&mut frame[14..]);
        }
        assert!(port.send(&[&frame], Offload::default()).expect("the wire is there"));
        port.notify().expect("the wire is there");
        came += 1;
        time.sleep(Duration::from_millis(1)).await;
        said += look(&mut port, mac);
    }
    time.sleep(Duration::from_millis(100)).await;
    said += look(&mut port, mac);
    // Layers hold on to each other for as long as a unikernel runs; a fuzzer runs many.
    [0x0800, 0x0806].into_iter().for_each(|ethertype| ethernet.attach(ethertype, Rc::new(Nobody)));
    [6, 17].into_iter().for_each(|protocol| ip.attach(protocol, Rc::new(Nobody)));
    // Nobody has the stack say much more than was said to it: an answer of many pieces is one to as many.
    assert!(said <= 8 + 8 * came, "{said} packets for {came}");
    said
}

/// What takes the place of a layer.
struct Nobody;

impl Frames for Nobody {
    fn input(&self, _: EthernetFrame<'_>) {}

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

impl Packets for Nobody {
    fn input(&self, _: Packet<'_>) {}

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

/// Everything the stack says is well-formed.
fn look(port: &mut Port, mac: MacAddress) -> usize {
    let mut count = 0;
    let mut check = |frame: &mut [u8], _| {
        assert_eq!(frame[6..12], mac.0);
        match frame[12..14] {
            [8, 0] => {
                let ip = Ipv4Packet::new_checked(&frame[14..]).expect("an IPv4 packet");
                assert!(ip.verify_checksum() && ip.src_addr().octets() == HERE);
                count += 1;
                if ip.more_frags() || ip.frag_offset() != 0 {
                    return;
                }
                let (source, destination) = (ip.src_addr().into(), ip.dst_addr().into());
                match u8::from(ip.next_header()) {
                    1 => assert!(Icmpv4Packet::new_checked(ip.payload()).expect("ICMP").verify_checksum()),
                    6 => {
                        let segment = TcpPacket::new_checked(ip.payload()).expect("a segment");
                        assert!(segment.verify_checksum(&source, &destination));
                    }
                    17 => {
                        let datagram = UdpPacket::new_checked(ip.payload()).expect("a datagram");
                        assert!(datagram.verify_checksum(&source, &destination));
                    }
                    other => panic!("a packet of protocol {other}"),
                }
            }
            [8, 6] => _ = ArpPacket::new_checked(&frame[14..]).expect("an ARP message"),
            _ => panic!("a frame of no protocol attached"),
        }
    };
    while port.receive(64, &mut check).expect("the wire is there") > 0 {}
    count
}

/// Fills in checksums, as far as there are any: without them little would ever be looked at.
fn sum(packet: &mut [u8]) {
    let Ok(checked) = Ipv4Packet::new_checked(&*packet) else { return };
    let (start, end) = (usize::from(checked.header_len()), usize::from(checked.total_len()));
    if start < 20 {
        return;
    }
    let (source, destination) = (checked.src_addr().into(), checked.dst_addr().into());
    let protocol = u8::from(checked.next_header());
    Ipv4Packet::new_unchecked(&mut *packet).fill_checksum();
    let payload = &mut packet[start..end];
    match protocol {
        1 if payload.len() >= 4 => Icmpv4Packet::new_unchecked(payload).fill_checksum(),
        6 if payload.len() >= 20 => TcpPacket::new_unchecked(payload).fill_checksum(&source, &destination),
        17 if UdpPacket::new_checked(&*payload).is_ok() => {
            UdpPacket::new_unchecked(payload).fill_checksum(&source, &destination);
        }
        _ => {}
    }
}
