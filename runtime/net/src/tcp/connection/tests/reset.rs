//! Blind attacks (RFC 5961) and resets (RFC 9293, 3.5.3).

use super::script::{Script, from_peer};
use crate::Error;
use crate::tcp::Segment;
use crate::tcp::connection::State;

/// RFC 5961, 3.2: exactly the next number resets; another in the window is challenged; others are ignored.
#[test]
fn a_reset_must_have_the_very_number() {
    let mut script = Script::established();
    let reset = |seq| Segment { rst: true, ack: None, ..from_peer(seq, 1) };
    script.peer(reset(0), 0).expect_nothing();
    script.peer(reset(70_000), 0).expect_nothing();
    assert!(!script.changes.challenge);
    script.peer(reset(2), 0).expect(&[". 1 ack 1"]);
    assert!(script.changes.challenge && script.connection.state() == State::Established);
    script.peer(reset(1), 0).expect_nothing();
    assert_eq!((script.connection.state(), script.connection.error()), (State::Closed, Some(Error::Reset)));
}

/// RFC 5961, 4.2: a SYN is challenged, whatever its number.
#[test]
fn a_syn_is_challenged() {
    let mut script = Script::established();
    for seq in [0, 1, 500, 100_000] {
        script.peer(Segment { syn: true, ..from_peer(seq, 1) }, 0).expect(&[". 1 ack 1"]);
        assert!(script.changes.challenge);
    }
    assert_eq!(script.connection.state(), State::Established);
}

/// RFC 5961, 5.2: an acknowledgment of what was never sent, or of very long ago, is challenged, its octets not taken.
#[test]
fn a_wild_acknowledgment_is_challenged() {
    let mut script = Script::established();
    script.write(10).sent();
    script.peer(from_peer(1, 12), 10).expect(&[". 11 ack 1"]);
    assert!(script.changes.challenge);
    script.peer(from_peer(1, u32::MAX - 64_000), 10).expect(&[". 11 ack 1"]);
    assert!(script.changes.challenge);
    assert_eq!(script.read(), 0);
    // An old one in the window of what may be is fine.
    script.peer(from_peer(1, 0), 10);
    assert_eq!(script.read(), 10);
}

/// RFC 9293, 3.10.7.4, fifth: without an acknowledgment a segment is dropped.
#[test]
fn segments_acknowledge() {
    let mut script = Script::established();
    script.peer(Segment { ack: None, ..from_peer(1, 1) }, 10).wait(1000).expect_nothing();
    assert_eq!(script.read(), 0);
}

/// RFC 9293, 3.10.7.4: what was received before a reset can still be read.
#[test]
fn what_came_before_a_reset_can_be_read() {
    let mut script = Script::established();
    script.peer(from_peer(1, 1), 10).peer(Segment { rst: true, ..from_peer(11, 1) }, 0);
    assert_eq!(script.read(), 10);
}

/// RFC 9293, 3.10.7.1: a segment for a connection that is over is answered with a RST.
#[test]
fn nothing_comes_after_the_end() {
    let mut script = Script::established();
    script.connection.abort();
    script.peer(from_peer(1, 1), 10).expect_nothing();
    assert!(script.changes.refuse);
}
