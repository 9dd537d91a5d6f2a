//! SYN floods (RFC 4987).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use embedded_io_async::BufRead;
use mirage::Listener;
use mirage_net::tcp::{Segment, Seq, Timestamps};

use crate::support::{Host, PEER, SERVER, ack, poll, ready, syn};

fn flooder(number: u32) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + number)), 1024).into()
}

/// Floods it until its cache is full.
fn flood(host: &mut Host) {
    for number in 0..6000 {
        host.input_from(flooder(number), SERVER, syn(number), &[]);
        if number % 64 == 63 {
            let sent = host.sent();
            assert!(sent.len() <= 256 + 64 && sent.iter().all(|(segment, _)| segment.syn));
        }
    }
    host.sent();
    assert_eq!(host.tcp.stats().half_open, 4096);
}

#[test]
fn clients_old_and_new_are_served_rfc_4987_3_6() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let old: SocketAddr = "10.0.0.2:4999".parse().unwrap();
    host.input_from(old, SERVER, syn(1), &[]);
    let here = host.answer().seq.0 + 1;
    host.input_from(old, SERVER, ack(2, here), &[]);
    let mut flow = ready(listener.accept()).unwrap();
    host.sent();
    flood(&mut host);

    host.input_from(old, SERVER, ack(2, here), b"old");
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"old");

    // The peer remembers what this end does not: the options come back with its timestamp.
    let timestamps = Some(Timestamps { value: 500, echo: 0 });
    let asked = Segment { mss: Some(1400), window_scale: Some(9), sack_permitted: true, timestamps, ..syn(77) };
    host.input(asked, &[]);
    let answer = host.answer();
    assert!(answer.syn && answer.window_scale.is_some() && answer.sack_permitted);
    let echo = answer.timestamps.unwrap().value;
    assert_eq!((host.tcp.stats().half_open, host.tcp.stats().connections), (4096, 1));
    host.clock.advance(Duration::from_millis(500));
    let timestamps = Some(Timestamps { value: 600, echo });
    host.input(Segment { timestamps, ..ack(78, answer.seq.0 + 1) }, b"new");
    let mut flow = ready(listener.accept()).unwrap();
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"new");
    flow.consume(3);
    let later = host.pass(Duration::from_millis(100));
    let stamp = later.iter().find_map(|(_, segment)| segment.timestamps).unwrap();
    assert!(stamp.echo == 600 && Seq(stamp.value).gt(Seq(echo)), "RFC 7323, 5.4: the clock goes forward");
}

#[test]
fn a_client_without_timestamps_is_served_too() {
    let mut host = Host::new();
    let mut listener = host.listen();
    flood(&mut host);
    host.input(Segment { mss: Some(1400), window_scale: Some(9), sack_permitted: true, ..syn(77) }, &[]);
    let answer = host.answer();
    assert_eq!((answer.window_scale, answer.sack_permitted, answer.timestamps), (None, false, None));
    host.input(ack(78, answer.seq.0 + 1), b"new");
    assert_eq!(ready(ready(listener.accept()).unwrap().fill_buf()).unwrap(), b"new");
}

#[test]
fn a_made_up_cookie_is_refused() {
    let mut host = Host::new();
    let mut listener = host.listen();
    // Before any was handed out.
    host.input(ack(78, 12345), &[]);
    assert!(host.answer().rst);
    flood(&mut host);
    host.input(syn(77), &[]);
    let here = host.answer().seq.0 + 1;
    let other = SocketAddr::new(PEER.ip(), 5001);
    for (from, seq, number) in [(PEER, 78, here + 1), (PEER, 79, here), (other, 78, here), (PEER, 78, here ^ 1 << 31)] {
        host.input_from(from, SERVER, ack(seq, number), &[]);
        let answer = host.answer();
        assert!(answer.rst && answer.seq == Seq(number), "RFC 9293, 3.10.7.2");
    }
    host.pass(Duration::from_secs(140));
    host.input(ack(78, here), &[]);
    assert!(host.answer().rst, "too old");
    assert!(poll(listener.accept()).is_none());
}

#[test]
fn a_syn_ack_waits_for_room() {
    let mut host = Host::new();
    let _listener = host.listen();
    host.link.set_room(0);
    host.input(syn(1), &[]);
    assert!(host.sent().is_empty());
    assert_eq!(host.deadline, None, "the interface says when there is room");
    host.link.set_room(1);
    assert!(host.answer().syn);
}

#[test]
fn answers_are_so_many_a_round() {
    let mut host = Host::new();
    let _listener = host.listen();
    flood(&mut host);
    for number in 10_000..11_000 {
        host.input_from(flooder(number), SERVER, syn(1), &[]);
    }
    assert_eq!(host.sent().len(), 64);
    // A cache that is not full keeps those it could not answer at once.
    let mut host = Host::new();
    let _listener = host.listen();
    for number in 0..1000 {
        host.input_from(flooder(number), SERVER, syn(1), &[]);
    }
    let rounds: Vec<_> = (0..5).map(|_| host.sent().len()).collect();
    assert_eq!(rounds, [256, 256, 256, 232, 0]);
}
