//! How connections begin (RFC 9293 sections 3.5 and 3.10.7).

use std::collections::BTreeSet;
use std::time::Duration;

use embedded_io_async::{BufRead, ErrorKind, Read, Write};
use mirage::{BufWrite, Clock, Flow, Listener, Offloads, Tcp, Undelivered, Why};
use mirage_net::Error;
use mirage_net::tcp::{Segment, Seq, Timestamps, Words};

use crate::support::{Host, PEER, SERVER, Tasks, VirtualClock, ack, flushed, poll, ready, syn};

#[test]
fn a_connection_is_accepted_and_carries_data_both_ways_rfc_9293_3_5() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    assert_eq!((flow.peer(), flow.local()), (PEER, SERVER));
    assert_eq!(host.tcp.stats().connections, 1);

    assert!(poll(flow.fill_buf()).is_none());
    host.input(ack(there, here), b"hello");
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"hello");
    flow.consume(5);

    ready(flow.write_all(b"hi ")).unwrap();
    ready(flow.space()).unwrap()[..5].copy_from_slice(b"there");
    flow.commit(5);
    assert!(host.sent().is_empty(), "nothing was flushed");
    flushed(&mut flow).unwrap();
    assert!(host.link.was_woken());
    let sent = host.sent();
    assert_eq!((sent[0].0.seq, sent[0].0.ack, &*sent[0].1), (Seq(here), Some(Seq(there + 5)), &b"hi there"[..]));
}

#[test]
fn data_may_come_with_the_ack_that_ends_the_handshake_rfc_9293_3_10_7_4() {
    let mut host = Host::new();
    let mut listener = host.listen();
    host.input(syn(7), &[]);
    let answer = host.answer();
    assert!(poll(listener.accept()).is_none());
    host.input(ack(8, answer.seq.0 + 1), b"GET");
    let mut flow = ready(listener.accept()).unwrap();
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"GET");
}

#[test]
fn options_are_agreed_on_rfc_7323_2_and_rfc_2018_2() {
    let mut host = Host::new();
    let _listener = host.listen();
    let timestamps = Some(Timestamps { value: 99, echo: 0 });
    host.input(Segment { mss: Some(1200), window_scale: Some(3), sack_permitted: true, timestamps, ..syn(7) }, &[]);
    let answer = host.answer();
    assert_eq!((answer.mss, answer.sack_permitted), (Some(1460), true));
    assert!(answer.window_scale.is_some() && answer.timestamps.is_some_and(|timestamps| timestamps.echo == 99));
    host.input_from("10.0.0.2:5001".parse().unwrap(), SERVER, syn(7), &[]);
    let plain = host.answer();
    assert_eq!((plain.window_scale, plain.sack_permitted, plain.timestamps), (None, false, None));
}

#[test]
fn a_connection_is_opened_rfc_9293_3_10_1() {
    let mut host = Host::new();
    let tcp = host.tcp.clone();
    let (mut tasks, opened) = (Tasks::default(), std::rc::Rc::new(std::cell::Cell::new(false)));
    let set = opened.clone();
    tasks.spawn(async move {
        let mut flow = tcp.connect(PEER).await.unwrap();
        set.set(true);
        let mut bytes = [0; 2];
        flow.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ok");
    });
    tasks.run();
    assert!(host.link.was_woken());
    let asked = host.answer();
    assert!(asked.syn && asked.ack.is_none() && asked.source_port >= 49152);
    let here = (SERVER.ip(), asked.source_port).into();
    host.input_from(PEER, here, Segment { ack: Some(asked.seq + 1), ..syn(50) }, &[]);
    tasks.run();
    assert!(opened.get());
    assert_eq!(host.answer().ack, Some(Seq(51)));
    host.input_from(PEER, here, ack(51, asked.seq.0 + 1), b"ok");
    tasks.run();
    assert!(tasks.is_empty());
}

#[test]
fn nobody_there_is_told_apart_rfc_9293_3_10_7_3_and_rfc_5927() {
    let outcome = |answer: &dyn Fn(&mut Host, Segment)| {
        let mut host = Host::new();
        let tcp = host.tcp.clone();
        let (mut tasks, outcome) = (Tasks::default(), std::rc::Rc::new(std::cell::Cell::new(None)));
        let set = outcome.clone();
        tasks.spawn(async move { set.set(tcp.connect(PEER).await.err()) });
        tasks.run();
        let asked = host.answer();
        answer(&mut host, asked);
        tasks.run();
        assert_eq!(host.tcp.stats().connections, usize::from(!tasks.is_empty()));
        outcome.take()
    };
    let here = |asked: Segment| (SERVER.ip(), asked.source_port).into();
    let rst = |host: &mut Host, asked: Segment, number| {
        host.input_from(PEER, here(asked), Segment { rst: true, ..ack(0, number) }, &[]);
    };
    assert_eq!(outcome(&|host, asked| rst(host, asked, asked.seq.0 + 1)), Some(Error::ConnectionRefused));
    assert_eq!(outcome(&|host, asked| rst(host, asked, asked.seq.0 + 2)), None);
    let report = |host: &mut Host, asked: Segment, why| {
        let (source, destination, now) = (SERVER.ip(), PEER.ip(), host.clock.now());
        let quoted = asked.emit(&mut Words::new())[..8].to_vec();
        host.link.above().undelivered(Undelivered { source, destination, why, quoted: &quoted, now });
    };
    assert_eq!(outcome(&|host, asked| report(host, asked, Why::Refused)), Some(Error::ConnectionRefused));
    let forged = |asked: Segment| Segment { seq: asked.seq + 9, ..asked };
    assert_eq!(outcome(&|host, asked| report(host, forged(asked), Why::Refused)), None);
    let silence = |host: &mut Host, _| assert!(host.pass(Duration::from_secs(200)).len() > 3);
    assert_eq!(outcome(&silence), Some(Error::TimedOut));
    let passing = |host: &mut Host, asked| {
        report(host, asked, Why::Unreachable);
        host.pass(Duration::from_secs(200));
    };
    assert_eq!(outcome(&passing), Some(Error::Unreachable));
}

#[test]
fn an_attempt_that_is_dropped_is_forgotten() {
    let mut host = Host::new();
    assert!(poll(host.tcp.connect(PEER)).is_none());
    assert_eq!(host.tcp.stats().connections, 0);
    assert!(host.sent().is_empty());
}

#[test]
fn both_may_ask_at_once_rfc_9293_3_5() {
    let mut host = Host::new();
    let tcp = host.tcp.clone();
    let mut tasks = Tasks::default();
    tasks.spawn(async move { drop(tcp.connect(PEER).await.unwrap()) });
    tasks.run();
    let asked = host.answer();
    let here = (SERVER.ip(), asked.source_port).into();
    host.input_from(PEER, here, syn(50), &[]);
    let answer = host.answer();
    assert_eq!((answer.syn, answer.seq, answer.ack), (true, asked.seq, Some(Seq(51))));
    host.input_from(PEER, here, ack(51, asked.seq.0 + 1), &[]);
    tasks.run();
    assert!(tasks.is_empty());
}

#[test]
fn ports_and_numbers_are_hard_to_foretell_rfc_6056_and_rfc_6528() {
    let first = |seed| {
        let clock = VirtualClock::default();
        let mut host = Host::at(SERVER.ip(), &clock, seed, Offloads::default());
        let attempt = std::pin::pin!(host.tcp.clone());
        let mut future = std::pin::pin!(attempt.connect(PEER));
        assert!(poll(future.as_mut()).is_none());
        let asked = host.answer();
        (asked.source_port, asked.seq.0)
    };
    let ports: BTreeSet<_> = (0..50).map(|seed| first(seed).0).collect();
    let numbers: BTreeSet<_> = (0..50).map(|seed| first(seed).1 >> 16).collect();
    assert!(ports.len() > 45 && numbers.len() > 45);

    // RFC 6528, 3: between the same ends they go up with the clock, 4 µs each.
    let mut host = Host::new();
    let _listener = host.listen();
    host.input(syn(1), &[]);
    let one = host.answer().seq;
    host.input(Segment { rst: true, ..ack(2, 0) }, &[]);
    host.clock.advance(Duration::from_millis(4));
    host.input(syn(1), &[]);
    assert_eq!(host.answer().seq, one + 1000);
}

#[test]
fn a_port_is_listened_on_once() {
    let host = Host::new();
    let listener = host.listen();
    assert_eq!(ready(host.tcp.listen(80)).err(), Some(Error::InUse(80)));
    let free = ready(host.tcp.listen(0)).unwrap();
    assert!(free.port() >= 49152);
    drop(listener);
    ready(host.tcp.listen(80)).unwrap();
    let kind = embedded_io_async::Error::kind(&Error::InUse(80));
    assert_eq!(kind, ErrorKind::AddrInUse);
}

#[test]
fn a_syn_ack_is_sent_again_rfc_6298_5_5() {
    let mut host = Host::new();
    let _listener = host.listen();
    host.input(syn(1), &[]);
    let seconds: Vec<_> = host.pass(Duration::from_secs(100)).iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(seconds, [0, 1, 3, 7, 15, 31]);
    assert_eq!(host.tcp.stats().half_open, 0);
}

/// What took the peer 30 ms to acknowledge once is sent again after the least time-out, not after the second that is waited
/// for a first acknowledgment; a second, if nobody knows which SYN-ACK the peer has answered.
#[test]
fn a_handshake_tells_the_round_trip_rfc_6298_2_2_and_3() {
    for (answered, time_out) in
        [(30, 200), (1030, 1000)].map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b)))
    {
        let mut host = Host::new();
        let mut listener = host.listen();
        host.input(syn(1), &[]);
        let sent = host.pass(answered);
        host.input(ack(2, sent[0].1.seq.0 + 1), &[]);
        let mut flow = ready(listener.accept()).unwrap();
        ready(flow.write_all(b"lost")).unwrap();
        flushed(&mut flow).unwrap();
        let sent = host.pass(time_out);
        assert_eq!(sent.iter().map(|&(at, _)| at).collect::<Vec<_>>(), [Duration::ZERO, time_out]);
    }
}

#[test]
fn a_syn_that_comes_again_is_answered_again() {
    let mut host = Host::new();
    let _listener = host.listen();
    host.input(syn(1), &[]);
    let first = host.answer();
    host.input(syn(1), &[]);
    assert_eq!(host.answer(), first);
}

#[test]
fn in_syn_received_only_the_right_rst_and_ack_count_rfc_9293_3_10_7_4_and_rfc_5961_3_2() {
    let mut host = Host::new();
    let mut listener = host.listen();
    host.input(syn(1), &[]);
    let here = host.answer().seq.0 + 1;
    host.input(ack(2, here + 1), &[]);
    let refusal = host.answer();
    assert!(refusal.rst && refusal.seq == Seq(here + 1));
    host.input(Segment { rst: true, ..ack(3, here) }, &[]);
    assert_eq!(host.tcp.stats().half_open, 1);
    host.input(ack(2, here), &[]);
    assert!(poll(listener.accept()).is_some());

    let other = "10.0.0.2:5001".parse().unwrap();
    host.input_from(other, SERVER, syn(1), &[]);
    host.sent();
    host.input_from(other, SERVER, Segment { rst: true, ..ack(2, here) }, &[]);
    assert_eq!(host.tcp.stats().half_open, 0);
}

#[test]
fn more_than_4096_wait_for_a_listener_in_vain() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let peer = |number: u16| (PEER.ip(), 10_000 + number).into();
    host.input_from(peer(4096), SERVER, syn(1), &[]);
    let last = host.answer();
    for number in 0..4096 {
        host.input_from(peer(number), SERVER, syn(1), &[]);
        let answer = host.answer();
        host.input_from(peer(number), SERVER, ack(2, answer.seq.0 + 1), &[]);
    }
    // The handshake of the last one is not over for this end; it is when the peer sends again.
    host.input_from(peer(4096), SERVER, ack(2, last.seq.0 + 1), &[]);
    assert_eq!((host.tcp.stats().connections, host.tcp.stats().half_open), (4096, 1));
    host.input_from(peer(5000), SERVER, syn(1), &[]);
    assert!(host.sent().is_empty());
    drop(ready(listener.accept()).unwrap());
    host.input_from(peer(4096), SERVER, ack(2, last.seq.0 + 1), b"?");
    assert_eq!(host.tcp.stats().half_open, 0);
    let mut accepted = 0;
    while poll(listener.accept()).is_some() {
        accepted += 1;
    }
    assert_eq!(accepted, 4096);
}
