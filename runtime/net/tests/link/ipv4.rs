//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mirage::{Ip as _, MacAddress, Network as _, Refused};
use mirage_net::ipv4::{Configure as _, Network};
use mirage_test::World;

use crate::bench::{Bench, FAR, HERE, PROTOCOL, ROUTER, THERE, interface};
use crate::packets::{ARP, IPV4, MORE, Piece, arp, piece};

#[mirage::test]
async fn packets_come_in_with_padding_cut_and_options_passed_over(world: World) {
    let mut bench = Bench::new(world).await;
    bench.packet(&Piece::of(b"plain"));
    let padded = [piece(&Piece::of(b"padded")), vec![0; 20]].concat();
    bench.put(bench.mac, IPV4, &padded);
    // RFC 791 §3.1: no operation, a record of a route, the end.
    let options = [1, 7, 7, 4, 0, 0, 0, 0];
    bench.packet(&Piece { options: &options, ..Piece::of(b"options") });
    assert_eq!(bench.delivered().await, [&b"plain"[..], b"padded", b"options"]);
}

/// RFC 1122 §3.2.1: what is damaged, cut off or of another version is dropped in silence.
#[mirage::test]
async fn what_is_malformed_is_dropped(world: World) {
    let mut bench = Bench::new(world).await;
    let whole = piece(&Piece::of(&[7; 100]));
    for place in 0..20 {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        bench.put(bench.mac, IPV4, &damaged);
    }
    for length in 0..whole.len() {
        bench.put(bench.mac, IPV4, &whole[..length]);
    }
    assert_eq!(bench.delivered().await.len(), 0);
    assert_eq!(bench.take(IPV4).await.len(), 0);
}

/// RFC 1122 §3.2.1.3: addresses that a packet cannot come from, or that are not this host's.
#[mirage::test]
async fn whose_packets_are_taken(world: World) {
    let mut bench = Bench::new(world).await;
    let address = Ipv4Addr::new;
    let good = Piece::of(b"x");
    let odd = [HERE, address(255, 255, 255, 255), address(224, 0, 0, 1), address(127, 0, 0, 1), address(10, 0, 0, 255)];
    for source in odd {
        bench.packet(&Piece { source, ..good.clone() });
    }
    for destination in [THERE, FAR, address(127, 0, 0, 1), address(224, 0, 0, 9)] {
        bench.packet(&Piece { destination, ..good.clone() });
    }
    // RFC 1122 §3.3.6: to everybody on the link, but to one by its address.
    bench.put(MacAddress::BROADCAST, IPV4, &piece(&good));
    assert_eq!(bench.delivered().await.len(), 0);
    for destination in [HERE, address(10, 0, 0, 255), address(255, 255, 255, 255), address(224, 0, 0, 1)] {
        bench.packet(&Piece { destination, ..good.clone() });
    }
    assert_eq!(bench.delivered().await.len(), 4);
}

/// RFC 1122 §3.3.1: neighbours directly, others by a router, everybody at once.
#[mirage::test]
async fn where_packets_go(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let other = Ipv4Addr::new(10, 0, 0, 253);
    let mut routed = interface();
    routed.routes.add(Network::of(Ipv4Addr::new(198, 51, 100, 0), 24), other);
    bench.ip.configure(Some(routed));
    for to in [THERE, FAR, Ipv4Addr::new(198, 51, 100, 1)] {
        assert_eq!(bench.send(to, b"x", true), Ok(()));
    }
    let frames = bench.after(Duration::from_millis(1)).await;
    let (packets, asked): (Vec<_>, Vec<_>) = frames.iter().partition(|frame| frame[12..14] == [8, 0]);
    assert_eq!(packets.len(), 2);
    assert!(packets.iter().all(|frame| frame[..6] == bench.port.mac().0));
    assert_eq!(asked[0][38..42], other.octets(), "the router of the route is looked for");
    let groups = [
        (Ipv4Addr::BROADCAST, MacAddress::BROADCAST),
        (Ipv4Addr::new(10, 0, 0, 255), MacAddress::BROADCAST),
        // RFC 1112 §6.4: the lower 23 bits.
        (Ipv4Addr::new(224, 129, 2, 3), MacAddress([1, 0, 0x5e, 1, 2, 3])),
    ];
    for (to, mac) in groups {
        assert_eq!(bench.send(to, b"x", false), Ok(()));
        assert_eq!(bench.after(Duration::from_millis(1)).await[0][..6], mac.0, "{to}");
    }
    for to in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
        assert_eq!(bench.send(to, b"x", true), Err(Refused::NoRoute), "{to}");
    }
    assert_eq!(bench.ip.route(FAR.into()).unwrap().source, IpAddr::V4(HERE));
}

#[mirage::test]
async fn without_an_address_everybody_is_asked_and_nobody_else(world: World) {
    let bench = Bench::bare(world).await;
    assert_eq!(bench.ip.route(Ipv4Addr::BROADCAST.into()).unwrap().source, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    assert_eq!(bench.ip.route(THERE.into()), Err(Refused::NoRoute));
}

/// RFC 791 §2.3, fragmentation: pieces of eights of bytes, each with a header of its own.
#[mirage::test]
async fn large_packets_go_in_pieces(world: World) {
    let mut bench = Bench::acquainted(world).await;
    let payload: Vec<u8> = (0..4000_u32).map(|at| at as u8).collect();
    assert_eq!(bench.send(THERE, &payload, true), Err(Refused::TooLarge));
    assert_eq!(bench.send(THERE, &payload, false), Ok(()));
    let pieces = bench.take(IPV4).await;
    let fields: Vec<u16> = pieces.iter().map(|piece| u16::from_be_bytes([piece[6], piece[7]])).collect();
    assert_eq!(fields, [MORE, MORE | 185, 370]);
    assert!(pieces.iter().all(|piece| piece[4..6] == pieces[0][4..6] && piece.len() <= 1500));
    assert_eq!(pieces.iter().flat_map(|piece| piece[20..].to_vec()).collect::<Vec<_>>(), payload);
    assert_eq!(bench.send(THERE, &payload, false), Ok(()));
    let others = bench.take(IPV4).await;
    assert_ne!(others[0][4..6], pieces[0][4..6], "RFC 6864 §4.2: another packet, another identification");
}

/// The packet of 24 bytes in three pieces.
fn pieces(identification: u16) -> [Piece<'static>; 3] {
    let of = |flags, payload| Piece { identification, flags, ..Piece::of(payload) };
    [of(MORE, b"01234567"), of(MORE | 1, b"89abcdef"), of(2, b"ghijklmn")]
}

/// RFC 791 §3.2, an example reassembly procedure: in whatever order the pieces come.
#[mirage::test]
async fn pieces_are_put_together(world: World) {
    let mut bench = Bench::new(world).await;
    for (identification, order) in [[0, 1, 2], [2, 1, 0], [1, 2, 0]].into_iter().enumerate() {
        let pieces = pieces(identification as u16);
        for index in order {
            assert_eq!(bench.delivered().await.len(), 0);
            bench.packet(&pieces[index]);
        }
        assert_eq!(bench.delivered().await, [b"0123456789abcdefghijklmn"]);
    }
}

/// RFC 5722 §3 (for IPv6, and as good for IPv4): pieces that overlap are an attack.
#[mirage::test]
async fn pieces_that_overlap_are_dropped(world: World) {
    let mut bench = Bench::new(world).await;
    let [first, second, last] = pieces(1);
    let overlapping = Piece { payload: b"89ABCDEFGHIJKLMN", ..second.clone() };
    for piece in [&first, &overlapping, &last, &second, &last] {
        bench.packet(piece);
    }
    assert_eq!(bench.delivered().await.len(), 0);
}

/// RFC 1122 §3.3.2: pieces are waited for, and not for ever.
#[mirage::test]
async fn pieces_are_given_up(world: World) {
    let mut bench = Bench::new(world).await;
    let [first, second, last] = pieces(1);
    bench.packet(&first);
    bench.packet(&second);
    bench.after(Duration::from_secs(61)).await;
    bench.packet(&last);
    assert_eq!(bench.delivered().await.len(), 0);
}

/// RFC 1858: however many pieces come, whole packets and newer pieces still do.
#[mirage::test]
async fn a_flood_of_pieces_keeps_nobody_out(world: World) {
    let mut bench = Bench::new(world).await;
    let large = [0; 1400];
    for turn in 0..50 {
        for number in 0..100 {
            bench.packet(&Piece { identification: 1000 + turn * 100 + number, flags: MORE, ..Piece::of(&large) });
        }
        bench.after(Duration::from_millis(1)).await;
    }
    for piece in pieces(1) {
        bench.packet(&piece);
    }
    bench.packet(&Piece::of(b"whole"));
    assert_eq!(bench.delivered().await, [&b"0123456789abcdefghijklmn"[..], b"whole"]);
}

/// What a host that is about to be talked to says of itself holds for packets by a router too.
#[mirage::test]
async fn a_router_is_asked_for_once_for_all_behind_it(world: World) {
    let mut bench = Bench::new(world).await;
    for last in 0..5 {
        assert_eq!(bench.send(Ipv4Addr::new(192, 0, 2, last), b"x", true), Ok(()));
    }
    let asked = bench.take(ARP).await;
    assert_eq!(asked, [arp(true, (bench.mac, HERE), (MacAddress([0; 6]), ROUTER))]);
    bench.put(bench.mac, ARP, &arp(false, (bench.port.mac(), ROUTER), (bench.mac, HERE)));
    let packets = bench.take(IPV4).await;
    assert_eq!(packets.len(), 5);
    assert!(packets.iter().all(|packet| packet[9] == PROTOCOL));
}
