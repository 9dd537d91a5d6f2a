//! How connections end (RFC 9293 section 3.6).

use std::time::Duration;

use embedded_io_async::{BufRead, Write};
use mirage::{BufWrite, Flow};
use mirage_net::Error;
use mirage_net::tcp::{Segment, Seq, Timestamps};

use crate::support::{Host, SERVER, ack, flushed, ready, syn};

fn fin(seq: u32, number: u32) -> Segment {
    Segment { fin: true, ..ack(seq, number) }
}

/// A connection that this end closed first, in TIME-WAIT: the peer's next number and this end's.
fn time_wait(host: &mut Host, timestamps: Option<Timestamps>) -> (u32, u32) {
    let mut listener = host.listen();
    host.input(Segment { timestamps, ..syn(1000) }, &[]);
    let here = host.answer().seq.0 + 1;
    host.input(Segment { timestamps, ..ack(1001, here) }, &[]);
    drop(ready(mirage::Listener::accept(&mut listener)).unwrap());
    assert!(host.answer().fin);
    host.input(Segment { timestamps, ..fin(1001, here + 1) }, &[]);
    let last = host.answer();
    assert_eq!((last.seq, last.ack, last.fin), (Seq(here + 1), Some(Seq(1002)), false));
    assert_eq!((host.tcp.stats().connections, host.tcp.stats().time_wait), (0, 1));
    (1002, here + 1)
}

#[test]
fn the_peer_finishes_first_rfc_9293_3_6() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    host.input(fin(there, here), b"bye");
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"bye");
    flow.consume(3);
    assert!(ready(flow.fill_buf()).unwrap().is_empty());
    assert_eq!(host.answer().ack, Some(Seq(there + 4)));

    // Half-closed: this end can still send.
    ready(flow.write_all(b"later")).unwrap();
    ready(flow.close()).unwrap();
    let last = host.sent();
    assert_eq!((last[0].0.fin, &*last[0].1), (true, &b"later"[..]));
    host.input(ack(there + 4, here + 6), &[]);
    host.poll();
    assert_eq!((host.tcp.stats().connections, host.tcp.stats().time_wait), (0, 0));
    assert_eq!(ready(flow.write(b"x")), Err(Error::Closed));
}

#[test]
fn halves_end_apart() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, flow) = host.accept(&mut listener);
    let (mut reader, writer) = flow.split();
    drop(writer);
    assert!(host.answer().fin);
    host.input(ack(there, here + 1), b"still reading");
    assert_eq!(ready(reader.fill_buf()).unwrap(), b"still reading");

    // The other half alone: what comes is thrown away, and the window stays open.
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, flow) = host.accept(&mut listener);
    let (reader, mut writer) = flow.split();
    drop(reader);
    for piece in 0..100 {
        host.input(ack(there + piece * 1000, here), &[0; 1000]);
        assert!(host.sent().iter().all(|(segment, _)| !segment.rst && segment.window > 0));
    }
    ready(writer.write_all(b"ok")).unwrap();
    flushed(&mut writer).unwrap();
    assert_eq!(host.sent()[0].1, b"ok");
}

#[test]
fn what_was_not_read_is_reset_rfc_9293_3_6_1_and_rfc_2525_2_17() {
    for read in [false, true] {
        let mut host = Host::new();
        let mut listener = host.listen();
        let (there, here, mut flow) = host.accept(&mut listener);
        host.input(ack(there, here), b"unread");
        if read {
            ready(flow.fill_buf()).unwrap();
            flow.consume(2);
        }
        drop(flow);
        let sent = host.sent();
        assert!(sent.iter().any(|(segment, _)| segment.rst && segment.seq == Seq(here)), "{sent:?}");
        assert_eq!(host.tcp.stats().connections, 0);
    }
    // And what comes when nobody is there to read it.
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, flow) = host.accept(&mut listener);
    drop(flow);
    assert!(host.answer().fin);
    host.input(ack(there, here + 1), b"too late");
    assert!(host.answer().rst);
    assert_eq!(host.tcp.stats().connections, 0);
}

#[test]
fn a_peer_that_never_finishes_is_not_waited_for() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, flow) = host.accept(&mut listener);
    drop(flow);
    assert!(host.answer().fin);
    host.input(ack(there, here + 1), &[]);
    host.pass(Duration::from_secs(59));
    assert_eq!(host.tcp.stats().connections, 1);
    host.pass(Duration::from_secs(61));
    assert_eq!(host.tcp.stats().connections, 0);
}

#[test]
fn both_finish_at_once_rfc_9293_3_6() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, flow) = host.accept(&mut listener);
    drop(flow);
    assert!(host.answer().fin);
    host.input(fin(there, here), &[]);
    assert_eq!(host.answer().ack, Some(Seq(there + 1)));
    assert_eq!(host.tcp.stats().time_wait, 0);
    host.input(ack(there + 1, here + 1), &[]);
    host.poll();
    assert_eq!((host.tcp.stats().connections, host.tcp.stats().time_wait), (0, 1));
}

#[test]
fn a_reset_wakes_whoever_reads() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    host.input(ack(there, here), b"first");
    host.input(Segment { rst: true, ..ack(there + 5, here) }, &[]);
    // What came before can still be read.
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"first");
    flow.consume(5);
    assert_eq!(ready(flow.fill_buf()), Err(Error::Reset));
    assert_eq!(ready(flow.write(b"x")), Err(Error::Reset));
    assert_eq!(host.tcp.stats().connections, 0);
}

#[test]
fn time_wait_answers_and_forgets_rfc_9293_3_10_7_4_and_rfc_1337() {
    let mut host = Host::new();
    let (there, here) = time_wait(&mut host, None);
    host.clock.advance(Duration::from_secs(30));
    // The ACK of its FIN was lost: it is sent again, and the wait begins again.
    host.input(fin(there - 1, here), &[]);
    let again = host.answer();
    assert_eq!((again.seq, again.ack), (Seq(here), Some(Seq(there))));
    // An ACK is not answered, a RST does no harm (RFC 1337).
    host.input(ack(there, here), &[]);
    host.input(Segment { rst: true, ..ack(there, here) }, &[]);
    assert!(host.sent().is_empty());
    host.pass(Duration::from_secs(59));
    assert_eq!(host.tcp.stats().time_wait, 1);
    host.pass(Duration::from_secs(2));
    assert_eq!(host.tcp.stats().time_wait, 0);
}

#[test]
fn time_wait_gives_way_to_a_new_connection_rfc_6191() {
    let stamps = |value| Some(Timestamps { value, echo: 0 });
    for (before, after, seq, new) in [
        (None, None, 1002, false),
        (None, None, 1003, true),
        (stamps(100), stamps(100), 1003, true),
        (stamps(100), stamps(101), 5, true),
        (stamps(100), stamps(100), 5, false),
        (stamps(100), stamps(99), 5000, false),
    ] {
        let mut host = Host::new();
        let (_, here) = time_wait(&mut host, before);
        let _listener = host.listen();
        host.input(Segment { timestamps: after, ..syn(seq) }, &[]);
        let answer = host.answer();
        assert_eq!(answer.syn, new, "{before:?} {after:?} {seq}");
        if new {
            // RFC 9293, 3.4.3: numbers begin behind those of the connection before.
            assert!(answer.seq.gt(Seq(here)));
        } else {
            assert_eq!(answer.ack, Some(Seq(1002)));
        }
    }
}

#[test]
fn a_listener_that_goes_resets_those_it_has_not_accepted() {
    let mut host = Host::new();
    let listener = host.listen();
    host.input(syn(1), &[]);
    let here = host.answer().seq.0 + 1;
    host.input(ack(2, here), &[]);
    host.poll();
    drop(listener);
    assert!(host.answer().rst);
    assert_eq!(host.tcp.stats().connections, 0);
    // A handshake that ends then finds nobody.
    let listener = host.listen();
    host.input_from("10.0.0.2:5001".parse().unwrap(), SERVER, syn(1), &[]);
    let here = host.answer().seq.0 + 1;
    drop(listener);
    host.input_from("10.0.0.2:5001".parse().unwrap(), SERVER, ack(2, here), &[]);
    assert!(host.answer().rst);
    assert_eq!((host.tcp.stats().connections, host.tcp.stats().half_open), (0, 0));
}
