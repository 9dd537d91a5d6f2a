//! Segments that come in batches and out of order.

use mirage::Listener as _;
use mirage_net::tcp::{Segment, Seq};

use crate::support::{Host, ack, ready, syn};

/// One round takes in many segments: each out of order is answered on its own, as a peer without SACK counts the answers
/// (RFC 5681, 3.2), and one with SACK reads of each what came twice.
#[test]
fn each_segment_out_of_order_is_answered_rfc_5681_4_2_and_rfc_2883_4() {
    let mut host = Host::new();
    let mut listener = host.listen();
    host.input(Segment { sack_permitted: true, ..syn(7) }, &[]);
    let here = host.answer().seq.0 + 1;
    host.input(ack(8, here), b"a");
    let _flow = ready(listener.accept()).unwrap();
    host.sent();

    for seq in [10, 12, 14, 16] {
        host.input(ack(seq, here), b"b");
    }
    // The gaps are filled, and two of those that filled them come again.
    for seq in [9, 11, 13, 15, 9, 13] {
        host.input(ack(seq, here), b"c");
    }
    let answers: Vec<_> = host.sent().into_iter().map(|(segment, _)| segment).collect();
    let acks: Vec<u32> = answers.iter().filter_map(|segment| segment.ack).map(|ack| ack.0).collect();
    assert_eq!(acks, [9, 9, 9, 9, 11, 13, 15, 17, 17]);
    let blocks = |at: usize| answers[at].sack.blocks().to_vec();
    assert_eq!(blocks(3), [16, 14, 12, 10].map(|seq| (Seq(seq), Seq(seq + 1))));
    assert_eq!(blocks(7), [(Seq(9), Seq(10))]);
    assert_eq!(blocks(8), [(Seq(13), Seq(14))]);
}
