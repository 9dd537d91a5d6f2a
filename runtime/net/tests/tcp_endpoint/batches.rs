//! Segments that come together are looked at together, and mean what they mean one by one.

use embedded_io_async::{BufRead, Read, Write};
use mirage::Listener as _;
use mirage_net::Error;
use mirage_net::tcp::{Segment, Seq};

use crate::support::{Host, ack, flushed, poll, ready, syn};

#[test]
fn a_connection_and_what_is_said_over_it_come_in_one_batch() {
    let mut host = Host::new();
    let mut listener = host.listen();
    host.input(syn(7), &[]);
    let here = host.answer().seq.0 + 1;
    host.put(ack(8, here), &[]);
    host.put(ack(8, here), b"GET");
    assert!(poll(listener.accept()).is_none(), "nothing is delivered before the batch has ended");
    host.link.above().end_batch();
    let mut flow = ready(listener.accept()).unwrap();
    assert_eq!(ready(flow.fill_buf()).unwrap(), b"GET");
    flow.consume(3);
}

/// Long payloads are not put aside: what came before them still comes first, and what comes after them after.
#[test]
fn short_and_long_segments_stay_in_order() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    let lengths = [1, 1000, 2, 3, 1400, 256, 257, 1];
    let (mut at, mut octets) = (there, Vec::new());
    for (number, length) in lengths.into_iter().enumerate() {
        let payload = vec![number as u8; length];
        host.put(ack(at, here), &payload);
        octets.extend(payload);
        at += length as u32;
    }
    host.link.above().end_batch();
    let mut read = vec![0; octets.len()];
    ready(flow.read_exact(&mut read)).unwrap();
    assert!(read == octets);
    // Had one come out of order, it would have been answered on its own.
    assert_eq!(host.answer().ack, Some(Seq(at)));
}

/// More than are put aside, on as many connections.
#[test]
fn a_batch_of_any_length_is_delivered() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    for number in 0..100 {
        host.put(ack(there + number, here), &[number as u8]);
    }
    host.link.above().end_batch();
    let mut read = [0; 100];
    ready(flow.read_exact(&mut read)).unwrap();
    assert!(read.into_iter().eq(0..100));
}

/// The path is not empty while applications run: what waits for an acknowledgment goes when that comes. What there is to
/// say besides waits for the end of the round, as an application may have an answer for it to go with.
#[test]
fn what_waits_to_be_sent_goes_at_the_end_of_a_batch() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    host.input(ack(there, here), b"GET");
    assert!(host.link.take().is_none(), "there is nothing to send");
    ready(flow.write_all(&[7; 20_000])).unwrap();
    flushed(&mut flow).unwrap();
    let first: usize = host.sent().iter().map(|(_, payload)| payload.len()).sum();
    assert_eq!(first, 14_600, "the first window (RFC 6928)");

    host.input(ack(there + 3, here + 2_920), &[]);
    let next: Vec<_> = std::iter::from_fn(|| host.link.take()).collect();
    assert_eq!(next.len(), 4, "two that are acknowledged, and two that the window grew by");
    let rest = host.sent();
    assert!(rest.is_empty(), "nothing is sent twice: {rest:?}");
}

/// When all were looked up, the connection was still there.
#[test]
fn what_comes_behind_the_end_of_its_connection_is_refused() {
    let mut host = Host::new();
    let mut listener = host.listen();
    let (there, here, mut flow) = host.accept(&mut listener);
    host.put(Segment { rst: true, ..ack(there, here) }, &[]);
    host.put(ack(there, here), b"late");
    host.put(syn(there + 77_000), &[]);
    host.link.above().end_batch();
    assert_eq!(ready(flow.fill_buf()), Err(Error::Reset));
    let answers: Vec<_> = host.sent().into_iter().map(|(segment, _)| segment).collect();
    assert!(matches!(answers[..], [Segment { rst: true, .. }, Segment { syn: true, .. }]), "{answers:?}");
}

/// A layer below that tells of no batches costs time, and nothing else.
#[test]
fn the_end_of_a_round_ends_a_batch() {
    let mut host = Host::new();
    let mut listener = host.listen();
    host.put(syn(7), &[]);
    let here = host.answer().seq.0 + 1;
    host.put(ack(8, here), b"GET");
    host.poll();
    assert!(poll(listener.accept()).is_some());
}
