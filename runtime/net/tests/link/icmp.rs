//! ICMP (RFC 792, RFC 1122 §3.2.2).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mirage::{Ip as _, MacAddress, Refused, Why};
use mirage_test::World;
use smoltcp::wire::{Icmpv4Packet, Ipv4Packet};

use crate::bench::{Bench, FAR, HERE, ROUTER, THERE};
use crate::packets::{IPV4, MORE, Piece, WHOLE, icmp, piece};

const ICMP: u8 = 1;

fn of(message: &[u8]) -> Piece<'_> {
    Piece { protocol: ICMP, ..Piece::of(message) }
}

/// How a packet of the host to `to` begins, as a report quotes it.
fn quoted(to: Ipv4Addr, flags: u16) -> Vec<u8> {
    piece(&Piece { source: HERE, destination: to, flags, ..Piece::of(b"12345678") })
}

/// RFC 1122 §3.2.2.6: what is sent back is what was sent, whole or in pieces.
#[mirage::test]
async fn an_echo_is_sent_back(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let request = icmp(8, 0, [0, 7, 0, 1], b"hello");
    bench.packet(&of(&request));
    let replies = bench.take(IPV4).await;
    assert_eq!(replies.len(), 1);
    assert_eq!((&replies[0][12..16], &replies[0][16..20]), (&HERE.octets()[..], &THERE.octets()[..]));
    assert_eq!((replies[0][20], &replies[0][24..]), (0, &request[4..]));
    assert!(Icmpv4Packet::new_checked(&replies[0][20..]).unwrap().verify_checksum());
    let large = icmp(8, 0, [0, 7, 0, 2], &[b'x'; 2992]);
    for (index, payload) in large.chunks(1000).enumerate() {
        let flags = (index as u16 * 125) | if index < 2 { MORE } else { 0 };
        bench.packet(&Piece { flags, ..of(payload) });
    }
    let pieces = bench.take(IPV4).await;
    assert_eq!(pieces.iter().flat_map(|piece| piece[20..].to_vec()).skip(4).collect::<Vec<_>>(), large[4..]);
}

/// The layer answers, and whoever is attached to ICMP sees the request as it came.
#[mirage::test]
async fn a_listener_sees_what_came(world: World) {
    let mut bench = Bench::acquainted(world).await;
    bench.ip.attach(ICMP, bench.got.clone());
    let request = icmp(8, 0, [0, 7, 0, 1], b"hello");
    let mut damaged = request.clone();
    damaged[9] ^= 1;
    bench.packet(&of(&request));
    bench.packet(&of(&damaged));
    assert_eq!(bench.delivered().await, [request]);
    assert_eq!(bench.take(IPV4).await.len(), 1);
}

/// RFC 1122 §3.2.2.6 lets a host be silent to who pings everybody: it would not be alone to answer.
#[mirage::test]
async fn an_echo_to_everybody_is_not_answered(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let request = icmp(8, 0, [0, 7, 0, 1], b"hello");
    for destination in [Ipv4Addr::BROADCAST, Ipv4Addr::new(10, 0, 0, 255), Ipv4Addr::new(224, 0, 0, 1)] {
        let packet = piece(&Piece { destination, ..of(&request) });
        bench.put(MacAddress::BROADCAST, IPV4, &packet);
    }
    assert_eq!(bench.take(IPV4).await.len(), 0);
}

/// RFC 1191 §3: a router's word shortens the path, for ten minutes (§6.3), and not below what a path takes.
#[mirage::test]
async fn a_path_takes_less_than_its_link(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let mtu = |bench: &Bench| bench.ip.route(FAR.into()).unwrap().mtu;
    assert_eq!(mtu(&bench), 1500);
    let report = icmp(3, 4, [0, 0, 0x05, 0x14], &quoted(FAR, WHOLE));
    bench.packet(&Piece { source: ROUTER, ..of(&report) });
    bench.after(Duration::from_millis(1)).await;
    assert_eq!(mtu(&bench), 1300);
    assert_eq!(bench.got.reports.take(), [(IpAddr::V4(FAR), Why::TooLarge(1300))]);
    assert_eq!(bench.ip.route(THERE.into()).unwrap().mtu, 1500, "another path");
    assert_eq!(bench.send(FAR, &[0; 1300], true), Err(Refused::TooLarge));
    let tiny = icmp(3, 4, [0, 0, 0, 68], &quoted(FAR, WHOLE));
    bench.packet(&of(&tiny));
    bench.after(Duration::from_millis(1)).await;
    assert!(mtu(&bench) >= 552);
    bench.after(Duration::from_secs(601)).await;
    assert_eq!(mtu(&bench), 1500);
}

/// RFC 1122 §3.2.2.1 and §3.2.2.4: reports go to the protocol whose packet they quote.
#[mirage::test]
async fn reports_are_told(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let reports = [
        (3, 0, Why::Unreachable),
        (3, 1, Why::Unreachable),
        (3, 2, Why::Refused),
        (3, 3, Why::Refused),
        (11, 0, Why::Unreachable),
    ];
    for (kind, code, why) in reports {
        let report = icmp(kind, code, [0; 4], &quoted(FAR, WHOLE));
        bench.packet(&Piece { source: ROUTER, ..of(&report) });
        bench.after(Duration::from_millis(1)).await;
        assert_eq!(bench.got.reports.take(), [(IpAddr::V4(FAR), why)], "{kind}/{code}");
    }
    let foreign = piece(&Piece { source: THERE, destination: FAR, ..Piece::of(b"12345678") });
    let other = piece(&Piece { source: HERE, destination: FAR, protocol: 200, ..Piece::of(b"12345678") });
    for quoted in [foreign, other, quoted(FAR, 100), quoted(FAR, 0)[..27].to_vec(), Vec::new()] {
        bench.packet(&of(&icmp(3, 4, [0, 0, 2, 100], &quoted)));
    }
    bench.after(Duration::from_millis(1)).await;
    assert_eq!(bench.got.reports.take(), [], "not ours, not attached, a later piece, cut off");
}

/// RFC 1122 §3.2.2.1: protocol unreachable, but not to whoever says so to everybody (§3.2.2), and not too often (RFC 1812
/// §4.3.2.8).
#[mirage::test]
async fn a_protocol_nobody_has_is_refused(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let stranger = Piece { protocol: 200, ..Piece::of(b"12345678 and more") };
    bench.packet(&stranger);
    let reports = bench.take(IPV4).await;
    assert_eq!((reports.len(), &reports[0][20..22]), (1, &[3, 2][..]));
    let quoted = Ipv4Packet::new_unchecked(&reports[0][28..]);
    assert!(Icmpv4Packet::new_checked(&reports[0][20..]).unwrap().verify_checksum());
    assert_eq!((quoted.src_addr(), quoted.dst_addr(), u8::from(quoted.next_header())), (THERE, HERE, 200));
    assert_eq!(reports[0][48..], *b"12345678");
    bench.put(MacAddress::BROADCAST, IPV4, &piece(&Piece { destination: Ipv4Addr::BROADCAST, ..stranger.clone() }));
    assert_eq!(bench.take(IPV4).await.len(), 0);
    for _ in 0..200 {
        bench.packet(&stranger);
    }
    assert!(bench.take(IPV4).await.len() <= 60);
    assert_eq!(bench.got.packets.take().len(), 0);
}
