//! Timers: retransmission, keep-alive, user time-out.

use core::time::Duration;

use super::script::{Script, Setting, from_peer};
use crate::Error;
use crate::tcp::connection::{Config, State};

/// RFC 6298, 5.1 to 5.6: sent again, each time after twice as long; an acknowledgment of new octets ends that.
#[test]
fn time_outs_double() {
    let mut script = Script::accepted(Setting { sack: false, ..Setting::default() });
    script.write(10).wait(100).peer(from_peer(1, 11), 0).sent();
    // RTO = 100 + 4 · 50.
    script.write(10).expect(&["P. 11:21(10) ack 1"]);
    script.wait(299).expect_nothing();
    script.wait(1).expect(&["P. 11:21(10) ack 1"]);
    script.wait(599).expect_nothing();
    script.wait(1).expect(&["P. 11:21(10) ack 1"]);
    script.wait(1199).expect_nothing();
    script.wait(1).expect(&["P. 11:21(10) ack 1"]);
    script.peer(from_peer(1, 21), 0).write(10).sent();
    // 3 (Karn): what was sent twice is no sample.
    script.wait(299).expect_nothing();
    script.wait(1).expect(&["P. 21:31(10) ack 1"]);
}

/// RFC 5681, 3.1 and 3.2: after a time-out one segment is sent, then two, then four.
#[test]
fn a_time_out_starts_slowly() {
    let mut script = Script::established();
    script.write(10_000).sent();
    script.wait(1000).expect(&[". 1:1001(1000) ack 1"]);
    script.peer(from_peer(1, 1001), 0).expect(&[". 1001:2001(1000) ack 1", ". 2001:3001(1000) ack 1"]);
    script.peer(from_peer(1, 3001), 0);
    assert_eq!(script.sent().len(), 4);
    assert_eq!(script.connection.sender.congestion.threshold, 7000);
}

/// RFC 3522 (Eifel): octets that were merely late restore the window.
#[test]
fn a_spurious_time_out_is_undone() {
    use super::script::stamped;
    let mut script = Script::accepted(Setting { timestamps: true, sack: false, ..Setting::default() });
    script.write(5000).sent();
    script.wait(1000).expect(&[". 1:989(988) ack 1"]);
    // The echo is from before.
    script.peer(stamped(from_peer(1, 989), 600, 100_007), 0).expect_nothing();
    let congestion = &script.connection.sender.congestion;
    assert!(congestion.window >= 9880 && congestion.in_slow_start());
    assert_eq!(script.connection.sender.board.lost(), 0);
}

/// RFC 5482: octets that nobody acknowledges for the user time-out end the connection.
#[test]
fn the_user_time_out_ends_a_connection() {
    let config = Config { user_timeout: Duration::from_secs(30), ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    script.wait(100_000);
    script.write(10).wait(29_999);
    assert_eq!(script.connection.state(), State::Established);
    script.wait(1);
    assert_eq!(script.connection.error(), Some(Error::TimedOut));
    assert!(script.changes.failed);
}

/// RFC 9293, 3.9.2.2: what ICMP said is told when the time is up.
#[test]
fn a_soft_error_is_told_in_the_end() {
    let mut script = Script::established();
    script.write(10).connection.unreachable(false);
    script.wait(180_000);
    assert_eq!(script.connection.error(), Some(Error::Unreachable));
}

/// RFC 9293, 3.8.6.1: a shut window nobody answers for is given up, too.
#[test]
fn a_silent_shut_window_is_given_up() {
    let mut script = Script::accepted(Setting { window: 0, ..Setting::default() });
    script.write(10).wait(179_999);
    assert_eq!(script.connection.state(), State::Established);
    script.wait(1);
    assert_eq!(script.connection.error(), Some(Error::TimedOut));
}

/// RFC 9293, 3.8.4: only if asked for; a segment before the next number, repeated, and then the end.
#[test]
fn silence_is_asked_about() {
    let mut script = Script::established();
    script.wait(100_000_000).expect_nothing();
    let config = Config { keep_alive: Some(Duration::from_secs(10)), ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    script.wait(9999).expect_nothing();
    script.wait(1).expect(&[". 0 ack 1"]);
    script.peer(from_peer(1, 1), 0).wait(9999).expect_nothing();
    script.wait(1).expect(&[". 0 ack 1"]);
    script.wait(80_000);
    assert_eq!((script.sent().len(), script.connection.state()), (8, State::Established));
    script.wait(10_000);
    assert_eq!(script.connection.error(), Some(Error::TimedOut));
}

/// RFC 9293, 3.8.4: the peer's question is answered.
#[test]
fn questions_are_answered() {
    let mut script = Script::established();
    script.peer(from_peer(0, 1), 0).expect(&[". 1 ack 1"]);
}
