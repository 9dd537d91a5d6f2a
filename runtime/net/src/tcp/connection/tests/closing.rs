//! Closing (RFC 9293, 3.6).

use super::script::{IRS, ISS, Script, from_peer};
use crate::tcp::Segment;
use crate::tcp::connection::{Config, State};

fn fin(segment: Segment) -> Segment {
    Segment { fin: true, ..segment }
}

/// RFC 9293, 3.6, figure 12: this end closes first, and keeps what TIME-WAIT needs.
#[test]
fn this_end_closes_first() {
    let mut script = Script::established();
    script.write(10).close().expect(&["P. 1:11(10) ack 1", "F. 11 ack 1"]);
    assert_eq!(script.connection.state(), State::FinWait1);
    script.peer(from_peer(1, 12), 0).expect_nothing();
    assert_eq!(script.connection.state(), State::FinWait2);
    script.peer(fin(from_peer(1, 12)), 0).expect(&[". 12 ack 2"]);
    assert_eq!(script.connection.state(), State::TimeWait);
    assert!(script.changes.closed && script.connection.is_finished());
    let rest = script.connection.time_wait();
    assert_eq!((rest.seq, rest.ack), (ISS + 12, IRS + 2));
    assert_eq!(script.connection.deadline(), None);
}

/// RFC 9293, 3.6: the peer closes first; a half-closed connection goes on sending.
#[test]
fn the_peer_closes_first() {
    let mut script = Script::established();
    script.peer(fin(from_peer(1, 1)), 10).expect(&[". 1 ack 12"]);
    assert!(script.changes.closed && !script.connection.is_finished());
    assert_eq!((script.read(), script.connection.state()), (10, State::CloseWait));
    assert!(script.connection.is_finished());
    script.write(5).expect(&["P. 1:6(5) ack 12"]);
    script.close().expect(&["F. 6 ack 12"]);
    assert_eq!(script.connection.state(), State::LastAck);
    script.peer(from_peer(12, 7), 0).expect_nothing();
    assert_eq!((script.connection.state(), script.connection.error()), (State::Closed, None));
    assert!(script.changes.failed);
}

/// RFC 9293, 3.6, figure 13: both close at the same time.
#[test]
fn both_close_at_the_same_time() {
    let mut script = Script::established();
    script.close().expect(&["F. 1 ack 1"]);
    script.peer(fin(from_peer(1, 1)), 0).expect(&[". 2 ack 2"]);
    assert_eq!(script.connection.state(), State::Closing);
    script.peer(from_peer(2, 2), 0).expect_nothing();
    assert_eq!(script.connection.state(), State::TimeWait);
}

/// RFC 9293, 3.10.7.4, eighth: the FIN and the acknowledgment of ours in one segment.
#[test]
fn a_fin_may_acknowledge_ours() {
    let mut script = Script::established();
    script.close().sent();
    script.peer(fin(from_peer(1, 2)), 0).expect(&[". 2 ack 2"]);
    assert_eq!(script.connection.state(), State::TimeWait);
}

/// RFC 9293, 3.6.1: after our FIN, octets still come in.
#[test]
fn a_half_closed_connection_receives() {
    let mut script = Script::established();
    script.close().sent();
    script.peer(from_peer(1, 2), 2000).expect(&[". 2 ack 2001"]);
    assert_eq!(script.read(), 2000);
}

/// RFC 9293, 3.4: a FIN behind a gap counts once the gap is filled.
#[test]
fn a_fin_waits_for_what_is_before_it() {
    let mut script = Script::established();
    script.peer(fin(from_peer(1001, 1)), 500).expect(&[". 1 ack 1 sack 1001-1501"]);
    assert!(!script.changes.closed);
    script.peer(from_peer(1, 1), 1000).expect(&[". 1 ack 1502"]);
    assert!(script.changes.closed);
    assert_eq!(script.read(), 1500);
    assert!(script.connection.is_finished());
}

/// RFC 9293, 3.10.7.4: a FIN that comes again is acknowledged again.
#[test]
fn a_repeated_fin_is_acknowledged() {
    let mut script = Script::established();
    script.peer(fin(from_peer(1, 1)), 0).expect(&[". 1 ack 2"]);
    script.peer(fin(from_peer(1, 1)), 0).expect(&[". 1 ack 2"]);
    assert_eq!(script.connection.state(), State::CloseWait);
}

/// RFC 6298, 5: a FIN is sent again like any octet.
#[test]
fn a_lost_fin_is_sent_again() {
    let mut script = Script::established();
    script.close().expect(&["F. 1 ack 1"]);
    script.wait(1000).expect(&["F. 1 ack 1"]);
}

/// RFC 9293, 3.10.4: a FIN goes out with the last octets, and only when the window takes it.
#[test]
fn a_fin_follows_what_is_queued() {
    let mut script = Script::established();
    script.peer(Segment { window: 1000, ..from_peer(1, 1) }, 0);
    script.write_quietly(1500).close().expect(&[". 1:1001(1000) ack 1"]);
    script.peer(Segment { window: 500, ..from_peer(1, 1001) }, 0).expect(&["P. 1001:1501(500) ack 1"]);
    script.peer(from_peer(1, 1501), 0).expect(&["F. 1501 ack 1"]);
}

/// RFC 9293, 3.10.5.
#[test]
fn an_abort_sends_a_reset() {
    let mut script = Script::established();
    script.write(10).sent();
    let reset = script.connection.abort().expect("one is due");
    assert!(reset.rst && reset.seq == ISS + 11);
    assert_eq!((script.connection.state(), script.connection.deadline()), (State::Closed, None));
    assert_eq!(script.connection.abort(), None);
}

/// RFC 2525, 2.17: octets for a connection that nobody reads any more are refused.
#[test]
fn octets_nobody_reads_are_refused() {
    let mut script = Script::established();
    assert!(!script.connection.stop_receiving());
    script.close().sent();
    script.peer(from_peer(1, 2), 10);
    assert!(script.changes.refuse && script.changes.failed);
    let mut script = Script::established();
    script.peer(from_peer(1, 1), 10);
    assert!(script.connection.stop_receiving(), "something was thrown away");
}

/// An end that nobody reads from does not wait for ever for the peer's FIN.
#[test]
fn the_peers_fin_is_not_waited_for_for_ever() {
    let mut script = Script::established();
    script.connection.stop_receiving();
    script.close().peer(from_peer(1, 2), 0).wait(59_999);
    assert_eq!(script.connection.state(), State::FinWait2);
    script.wait(1);
    assert_eq!((script.connection.state(), script.connection.error()), (State::Closed, None));
}

/// RFC 9293, 3.10.4: closing before there is a connection ends the attempt; while both are opening, it waits.
#[test]
fn closing_may_come_early() {
    let mut script = Script::connect(Config::default());
    script.send().close();
    assert_eq!(script.connection.state(), State::Closed);
    let mut script = Script::connect(Config::default());
    script.send().peer(Segment { syn: true, ack: None, ..from_peer(0, 0) }, 0).close().sent();
    script.peer(from_peer(1, 1), 0).expect(&["F. 1 ack 1"]);
    assert_eq!(script.connection.state(), State::FinWait1);
}
