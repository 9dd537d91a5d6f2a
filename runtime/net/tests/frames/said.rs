//! Everything the stack says is well-formed.

use mirage::{MacAddress, Network as _};
use mirage_test::Port;
use smoltcp::wire::{ArpPacket, Icmpv4Packet, Icmpv6Packet, IpAddress, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket};

use super::{HERE, HERE_V6};

/// Looks at all that was said; returns how many packets of IP that is.
pub fn look(port: &mut Port, mac: MacAddress) -> usize {
    let mut count = 0;
    let mut check = |frame: &mut [u8], _| {
        assert_eq!(frame[6..12], mac.0);
        match frame[12..14] {
            [8, 0] => {
                v4(&frame[14..]);
                count += 1;
            }
            [0x86, 0xdd] => {
                v6(&frame[14..], mac);
                count += 1;
            }
            [8, 6] => _ = ArpPacket::new_checked(&frame[14..]).expect("an ARP message"),
            _ => panic!("a frame of no protocol attached"),
        }
    };
    while port.receive(64, &mut check).expect("the wire is there") > 0 {}
    count
}

fn v4(packet: &[u8]) {
    let ip = Ipv4Packet::new_checked(packet).expect("an IPv4 packet");
    assert!(ip.verify_checksum() && ip.src_addr().octets() == HERE);
    if ip.more_frags() || ip.frag_offset() != 0 {
        return;
    }
    match u8::from(ip.next_header()) {
        1 => assert!(Icmpv4Packet::new_checked(ip.payload()).expect("ICMP").verify_checksum()),
        protocol => transport(protocol, ip.payload(), ip.src_addr().into(), ip.dst_addr().into()),
    }
}

fn v6(packet: &[u8], mac: MacAddress) {
    let ip = Ipv6Packet::new_checked(packet).expect("an IPv6 packet");
    let (source, destination) = (ip.src_addr(), ip.dst_addr());
    let [a, b, c, d, e, f] = mac.0;
    let own = source.octets()[8..] == [a ^ 2, b, c, 0xff, 0xfe, d, e, f];
    assert!(own || source.octets() == HERE_V6 || source.is_unspecified(), "from {source}");
    assert!(!destination.is_unspecified() && !destination.is_loopback(), "to {destination}");
    match (u8::from(ip.next_header()), ip.payload()) {
        // A router alert stands before a report of a group.
        (0, [58, 0, 5, 2, 0, 0, 1, 0, message @ ..]) | (58, message) => {
            assert!(message.len() >= 8 && Icmpv6Packet::new_unchecked(message).verify_checksum(&source, &destination));
        }
        (44, _) => {}
        (protocol, payload) => transport(protocol, payload, source.into(), destination.into()),
    }
}

fn transport(protocol: u8, payload: &[u8], source: IpAddress, destination: IpAddress) {
    let right = match protocol {
        6 => TcpPacket::new_checked(payload).expect("a segment").verify_checksum(&source, &destination),
        17 => UdpPacket::new_checked(payload).expect("a datagram").verify_checksum(&source, &destination),
        other => panic!("a packet of protocol {other}"),
    };
    assert!(right, "a checksum of protocol {protocol}");
}
