//! Segments to nobody, and forged ones.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mirage::Received;
use mirage_net::tcp::{Segment, Seq, Words};

use crate::support::{Host, PEER, SERVER, ack, syn};

#[test]
fn a_closed_port_refuses_rfc_9293_3_10_7_1() {
    let mut host = Host::new();
    host.input(syn(7), &[]);
    let answer = host.answer();
    assert_eq!((answer.rst, answer.seq, answer.ack), (true, Seq(0), Some(Seq(8))));
    host.input(ack(7, 99), b"data");
    let answer = host.answer();
    assert_eq!((answer.rst, answer.seq, answer.ack), (true, Seq(99), None));
    host.input(Segment { fin: true, ack: None, ..ack(7, 0) }, b"data");
    assert_eq!(host.answer().ack, Some(Seq(12)));
    host.input(Segment { rst: true, ..ack(7, 99) }, &[]);
    assert!(host.sent().is_empty());
}

#[test]
fn a_listener_takes_syns_only_rfc_9293_3_10_7_2() {
    let mut host = Host::new();
    let _listener = host.listen();
    host.input(Segment { ack: Some(Seq(5)), ..syn(7) }, &[]);
    assert!(host.answer().rst);
    for ignored in [
        Segment { rst: true, ..syn(7) },
        Segment { fin: true, ..syn(7) },
        Segment { ack: None, ..ack(7, 0) },
        Segment { fin: true, psh: true, ack: None, ..ack(7, 0) },
    ] {
        host.input(ignored, &[]);
        assert!(host.sent().is_empty(), "{ignored:?}");
    }
    assert_eq!(host.tcp.stats().half_open, 0);
}

#[test]
fn groups_and_other_hosts_are_not_answered_rfc_9293_3_9_2_3() {
    let mut host = Host::new();
    let group = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1));
    for (from, to) in [
        (group, SERVER.ip()),
        (Ipv4Addr::BROADCAST.into(), SERVER.ip()),
        (PEER.ip(), group),
        (PEER.ip(), Ipv4Addr::BROADCAST.into()),
        (PEER.ip(), "10.0.0.9".parse().unwrap()),
    ] {
        host.input_from(SocketAddr::new(from, 5000), SocketAddr::new(to, 80), syn(1), &[]);
        assert!(host.sent().is_empty());
    }
    host.input_from(SocketAddr::new(PEER.ip(), 0), SERVER, syn(1), &[]);
    assert!(host.sent().is_empty());
}

#[test]
fn a_damaged_segment_is_dropped_rfc_9293_3_1() {
    let mut host = Host::new();
    let segment = Segment { source_port: PEER.port(), destination_port: 80, ..syn(1) };
    let mut bytes = segment.emit(&mut Words::new()).to_vec();
    host.input_bytes(PEER.ip(), SERVER.ip(), &mut bytes, Received::default());
    assert!(host.sent().is_empty());
    host.input_bytes(PEER.ip(), SERVER.ip(), &mut bytes, Received { checksum: true, segment: 0 });
    assert!(host.answer().rst, "the device said that it is good");
}

#[test]
fn challenges_are_limited_for_all_together_rfc_5961_7() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, _flow) = host.accept(&mut listener);
    let mut counts = Vec::new();
    for _ in 0..4 {
        let mut count = 0;
        for _ in 0..300 {
            // RFC 5961, 4.2: a SYN in a connection that stands.
            host.input(syn(there), &[]);
            count += host.sent().iter().filter(|(segment, _)| segment.ack == Some(Seq(there))).count();
        }
        assert!((50..=150).contains(&count), "{count}");
        counts.push(count);
        host.clock.advance(Duration::from_secs(1));
    }
    assert!(counts.iter().any(|&count| count != counts[0]), "always {}", counts[0]);
    host.input(Segment { rst: true, ..ack(there + 1, here) }, &[]);
    assert_eq!(host.tcp.stats().connections, 1, "RFC 5961, 3.2: not exactly the next number");
}
