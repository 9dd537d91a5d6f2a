//! What TCP hears of a neighbour that does not answer (RFC 1122 §2.3.2.2 and §4.2.3.9, RFC 5461 §4.1).

use std::net::Ipv4Addr;
use std::time::Duration;

use embedded_io_async::{BufRead as _, Write as _};
use mirage::{Clock as _, MacAddress, Network as _, Tcp as _};
use mirage_net::tcp::{Segment, Seq, Words};
use mirage_net::{Error, Tcp};
use mirage_test::World;
use smoltcp::wire::TcpPacket;

use crate::bench::{Bench, HERE, ROUTER, THERE};
use crate::packets::{ARP, IPV4, Piece, arp, icmp, piece};

const TCP: u8 = 6;
const NOWHERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 77);

/// The segment of a packet.
fn segment(packet: &[u8]) -> Segment {
    Segment::parse(&packet[20..]).expect("TCP").0
}

/// RFC 1122 §2.3.2.2: an attempt to connect to somebody who is not there fails when three questions went unanswered, and
/// the next one at once.
#[mirage::test]
async fn nobody_answers_for_the_address(world: World) {
    let mut bench = Bench::new(world.clone()).await;
    let tcp = Tcp::connect(bench.ip.clone(), world.clock(), world.random()).await.unwrap();
    let start = world.clock().now();
    let error = tcp.connect((NOWHERE, 80).into()).await.err().unwrap();
    assert_eq!((error, error.to_string().as_str()), (Error::Unreachable, "host unreachable"));
    assert_eq!(world.clock().now().since(start), Duration::from_secs(3));
    let frames = bench.after(Duration::ZERO).await;
    assert_eq!(frames.iter().filter(|frame| frame[12..14] == ARP.to_be_bytes()).count(), 3, "asked three times");
    assert_eq!(tcp.connect((NOWHERE, 80).into()).await.err(), Some(Error::Unreachable));
    assert_eq!(world.clock().now().since(start), Duration::from_secs(3), "nothing is waited for");
    assert_eq!(tcp.stats().connections, 0);
    // RFC 1122 §2.3.2.1: after a while it is asked again.
    bench.after(Duration::from_secs(5)).await;
    assert_eq!(tcp.connect((NOWHERE, 80).into()).await.err(), Some(Error::Unreachable));
    assert_eq!(world.clock().now().since(start), Duration::from_secs(11));
}

/// RFC 5461 §4.1: so does one that a router says leads nowhere.
#[mirage::test]
async fn a_router_says_that_it_leads_nowhere(world: World) {
    let mut bench = Bench::acquainted(world.clone()).await;
    let tcp = Tcp::connect(bench.ip.clone(), world.clock(), world.random()).await.unwrap();
    let mut attempt = std::pin::pin!(tcp.connect((THERE, 80).into()));
    let asked = std::future::poll_fn(|context| {
        assert!(attempt.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    asked.await;
    let syn = bench.take(IPV4).await.remove(0);
    assert!(segment(&syn).syn);
    let report = icmp(3, 1, [0; 4], &syn[..28]);
    bench.packet(&Piece { source: ROUTER, protocol: 1, ..Piece::of(&report) });
    assert_eq!(attempt.await.err(), Some(Error::Unreachable));
}

/// RFC 1122 §4.2.3.9: a connection that stands outlives that the peer cannot be reached for a while.
#[mirage::test]
async fn a_connection_that_stands_survives(world: World) {
    let mut bench = Bench::acquainted(world.clone()).await;
    let tcp = Tcp::connect(bench.ip.clone(), world.clock(), world.random()).await.unwrap();
    let mut listener = tcp.listen(80).await.unwrap();
    let from_peer = |segment: Segment, payload: &[u8]| {
        let segment = Segment { source_port: 5000, destination_port: 80, window: 60_000, ..segment };
        let mut bytes = [&*segment.emit(&mut Words::new()), payload].concat();
        TcpPacket::new_unchecked(&mut bytes).fill_checksum(&THERE.into(), &HERE.into());
        piece(&Piece { protocol: TCP, ..Piece::of(&bytes) })
    };
    bench.put(bench.mac, IPV4, &from_peer(Segment { seq: Seq(1), syn: true, ..Segment::default() }, &[]));
    let iss = segment(&bench.take(IPV4).await[0]).seq;
    let ack = Segment { seq: Seq(2), ack: Some(iss + 1), ..Segment::default() };
    bench.put(bench.mac, IPV4, &from_peer(ack, &[]));
    let mut flow = mirage::Listener::accept(&mut listener).await.unwrap();
    // What was known of the peer is forgotten: it is asked, by all means there are, and does not answer.
    bench.after(Duration::from_secs(60)).await;
    flow.write_all(b"hello").await.unwrap();
    flow.flush().await.unwrap();
    bench.after(Duration::from_secs(20)).await;
    assert_eq!(tcp.stats().connections, 1);
    // It is back, and so is what was sent.
    bench.put(bench.mac, ARP, &arp(true, (bench.port.mac(), THERE), (MacAddress([0; 6]), HERE)));
    let sent = bench.after(Duration::from_secs(60)).await;
    let again = sent
        .iter()
        .filter(|frame| frame[12..14] == IPV4.to_be_bytes() && frame.windows(5).any(|part| part == b"hello"));
    assert!(again.count() > 0);
    bench.put(bench.mac, IPV4, &from_peer(Segment { ack: Some(iss + 6), ..ack }, b"ok"));
    assert_eq!(flow.fill_buf().await.unwrap(), b"ok");
}
