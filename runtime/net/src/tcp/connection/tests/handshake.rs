//! Opening (RFC 9293, 3.5), and what is negotiated.

use super::script::{IRS, ISS, Script, from_peer};
use crate::Error;
use crate::tcp::connection::{Config, State};
use crate::tcp::{Segment, Timestamps};

fn syn() -> Segment {
    Segment { seq: IRS, syn: true, window: 64_000, mss: Some(1460), ..Segment::default() }
}

fn syn_ack() -> Segment {
    Segment { ack: Some(ISS + 1), ..syn() }
}

/// RFC 9293, 3.5, figure 6.
#[test]
fn a_connection_opens() {
    let mut script = Script::connect(Config::default());
    script.send().expect(&["S 0"]);
    script.wait(10).peer(syn_ack(), 0).expect(&[". 1 ack 1"]);
    assert!(script.changes.opened && script.connection.state() == State::Established);
    script.write(100).expect(&["P. 1:101(100) ack 1"]);
    assert_eq!(script.connection.round_trip().map(|rtt| rtt.as_millis()), Some(10));
}

/// RFC 7323, 2.2 and 2.3, 3.2; RFC 2018, 2; RFC 6691: a SYN offers everything, its window not scaled.
#[test]
fn a_syn_offers_everything() {
    let mut script = Script::connect(Config::default());
    let sent = script.send().sent();
    let [syn] = sent[..] else { panic!("{sent:?}") };
    let stamp = Timestamps { value: 100_007, echo: 0 };
    let expected = (Some(1000), Some(7), true, Some(stamp), 0xffff);
    assert_eq!((syn.mss, syn.window_scale, syn.sack_permitted, syn.timestamps, syn.window), expected);
}

/// RFC 7323, 2.5 and 3.2, RFC 2018, 2: what the peer does not offer is not used.
#[test]
fn nothing_is_used_that_the_peer_does_not_offer() {
    let mut script = Script::connect(Config::default());
    script.send().peer(Segment { mss: None, ..syn_ack() }, 0).sent();
    script.peer(from_peer(1001, 1), 1000);
    let sent = script.sent();
    let [ack] = sent[..] else { panic!("{sent:?}") };
    assert!(ack.sack.is_empty() && ack.timestamps.is_none());
    // RFC 9293, 3.7.1: 536 bytes for a peer that says nothing.
    script.write(600).expect(&[". 1:537(536) ack 1", "P. 537:601(64) ack 1"]);
}

/// RFC 9293, 3.8.1 and RFC 6298, 2.1 and 5.5: a SYN is sent again after 1, 2, 4 seconds; RFC 5681, 3.1: the window is one
/// segment then.
#[test]
fn a_syn_is_repeated() {
    let mut script = Script::connect(Config::default());
    script.send().expect(&["S 0"]);
    script.wait(999).expect_nothing();
    script.wait(1).expect(&["S 0"]);
    script.wait(1999).expect_nothing();
    script.wait(1).expect(&["S 0"]);
    script.peer(syn_ack(), 0).expect(&[". 1 ack 1"]);
    script.write(3000).expect(&[". 1:1001(1000) ack 1"]);
    assert_eq!(script.connection.round_trip(), None, "Karn: a repeated SYN is no sample");
}

/// RFC 9293, 3.8.3, MUST-23: a SYN is repeated for three minutes.
#[test]
fn connecting_is_given_up() {
    let mut script = Script::connect(Config::default());
    script.send().wait(179_999);
    assert_eq!(script.connection.state(), State::SynSent);
    script.wait(1);
    assert_eq!((script.connection.state(), script.connection.error()), (State::Closed, Some(Error::TimedOut)));
    assert!(script.changes.failed && script.connection.deadline().is_none());
}

/// RFC 9293, 3.10.7.3, first and second.
#[test]
fn only_a_reset_that_acknowledges_the_syn_refuses() {
    let mut script = Script::connect(Config::default());
    script.send().sent();
    script.peer(Segment { rst: true, ..from_peer(0, 2) }, 0).expect_nothing();
    script.peer(Segment { rst: true, ack: None, ..from_peer(0, 1) }, 0).expect_nothing();
    assert!(!script.changes.refuse && script.connection.state() == State::SynSent);
    script.peer(from_peer(0, 7), 0);
    assert!(script.changes.refuse, "a wrong acknowledgment is answered with a RST");
    script.peer(Segment { rst: true, ..from_peer(0, 1) }, 0);
    assert_eq!(script.connection.error(), Some(Error::ConnectionRefused));
}

/// RFC 9293, 3.5, figure 7: both open at the same time.
#[test]
fn both_ends_may_open() {
    let mut script = Script::connect(Config::default());
    script.send().expect(&["S 0"]);
    script.peer(syn(), 0).expect(&["S. 0 ack 1"]);
    assert_eq!(script.connection.state(), State::SynReceived);
    script.peer(syn_ack(), 0).expect(&[". 1 ack 1"]);
    assert!(script.changes.opened && script.connection.state() == State::Established);
}

/// The same, where the acknowledgment comes with octets.
#[test]
fn crossed_syns_end_in_an_acknowledgment() {
    let mut script = Script::connect(Config::default());
    script.send().peer(syn(), 0).sent();
    script.wait(1000).expect(&["S. 0 ack 1"]);
    script.peer(from_peer(1, 1), 10).wait(40).expect(&[". 1 ack 11"]);
    assert_eq!((script.connection.state(), script.read()), (State::Established, 10));
}

/// RFC 9293, 3.9.2.2: a port unreachable refuses while connecting, a host unreachable ends that too (RFC 5461, 4.1), and
/// neither does later (RFC 1122, 4.2.3.9; RFC 5927, 5.2).
#[test]
fn icmp_ends_an_attempt_only() {
    let mut script = Script::connect(Config::default());
    script.send();
    assert!(script.connection.quotes(ISS) && !script.connection.quotes(ISS + 1));
    script.connection.unreachable(true);
    assert_eq!(script.connection.error(), Some(Error::ConnectionRefused));
    let mut script = Script::connect(Config::default());
    script.send().connection.unreachable(false);
    assert_eq!(script.connection.error(), Some(Error::Unreachable));
    let mut script = Script::established();
    script.connection.unreachable(true);
    script.connection.unreachable(false);
    assert_eq!(script.connection.state(), State::Established);
}
