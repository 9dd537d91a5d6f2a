//! Rules that are easily forgotten, because little goes wrong without them for a long time.

use core::time::Duration;

use super::script::{ISS, MSS, Script, Setting, from_peer, sack, stamped};
use crate::tcp::connection::Config;
use crate::tcp::{Segment, Timestamps};

fn syn_ack() -> Segment {
    Segment { syn: true, mss: Some(MSS), ..from_peer(0, 1) }
}

/// RFC 7323, 5.5: after 24 days of silence the last timestamp says nothing, for the peer's clock may have come round.
#[test]
fn timestamps_are_outdated_after_24_days() {
    let day = 24 * 3600 * 1000;
    for (days, taken) in [(23, 0), (25, 10)] {
        let mut script = Script::accepted(Setting { timestamps: true, ..Setting::default() });
        script.wait(days * day).peer(stamped(from_peer(1, 1), 400, 0), 10);
        assert_eq!(script.read(), taken, "after {days} days");
    }
}

/// RFC 7323, 3.2: timestamps are used if both SYNs had them; what is sent echoes the peer's, and a SYN nothing.
#[test]
fn timestamps_begin_with_the_syn() {
    let mut script = Script::connect(Config::default());
    assert_eq!(script.send().sent()[0].timestamps.map(|stamps| stamps.echo), Some(0));
    let timestamps = Some(Timestamps { value: 77, echo: 100_007 });
    script.peer(Segment { timestamps, ..syn_ack() }, 0);
    assert_eq!(script.sent()[0].timestamps.map(|stamps| stamps.echo), Some(77));
}

/// RFC 7323, 2.3: a shift of more than 14 is one of 14.
#[test]
fn a_window_is_shifted_by_14_at_most() {
    let mut script = Script::connect(Config::default());
    script.send().peer(Segment { window_scale: Some(200), ..syn_ack() }, 0);
    script.peer(Segment { window: 3, ..from_peer(1, 1) }, 0);
    assert_eq!(script.connection.sender.window, 3 << 14);
}

/// RFC 6298, 5.7: when a SYN had to be sent again, the first time-out for octets is three seconds.
#[test]
fn a_repeated_syn_makes_the_first_time_out_longer() {
    let mut script = Script::connect(Config::default());
    script.send().wait(1000).peer(syn_ack(), 0).sent();
    script.write(10).expect(&["P. 1:11(10) ack 1"]);
    script.wait(2999).expect_nothing();
    script.wait(1).expect(&["P. 1:11(10) ack 1"]);
}

/// RFC 6298, 5.2 and 5.3: an acknowledgment of new octets starts the timer anew, one of all of them stops it.
#[test]
fn acknowledgments_restart_the_timer() {
    let mut script = Script::accepted(Setting { sack: false, ..Setting::default() });
    script.write(10).wait(100).peer(from_peer(1, 11), 0).sent();
    // RTO = 100 + 4 · 50, and after another sample of 100 it is 100 + 4 · 37.5.
    script.write(2000).sent();
    script.wait(200).peer(from_peer(1, 1011), 0).expect_nothing();
    let timeout = script.connection.sender.rtt.timeout(0);
    let left = u64::try_from(timeout.as_millis()).unwrap_or(0);
    script.wait(left - 1).expect_nothing();
    script.wait(2).expect(&["P. 1011:2011(1000) ack 1"]);
    script.peer(from_peer(1, 2011), 0).wait(100_000).expect_nothing();
    assert_eq!(script.connection.deadline(), None);
}

/// RFC 9293, 3.8.4: nobody is asked for a sign of life while octets are on their way, whose acknowledgment is one, nor
/// before there is a connection.
#[test]
fn keep_alive_waits_for_silence() {
    let config = Config { keep_alive: Some(Duration::from_secs(2)), ..Config::default() };
    let mut script = Script::accepted(Setting { config, sack: false, ..Setting::default() });
    script.write(10).wait(20_000);
    assert!(script.sent().iter().all(|segment| segment.seq == ISS + 1), "the octets again, and nothing else");
    let mut script = Script::connect(config);
    script.send().wait(20_000);
    assert!(script.sent().iter().all(|segment| segment.syn));
}

/// RFC 9293, 3.8.6.1: the window is asked for after a time-out first, then more and more rarely, up to once a minute.
#[test]
fn a_shut_window_is_asked_for_ever_more_rarely() {
    let mut script = Script::accepted(Setting { window: 0, ..Setting::default() });
    script.write(10).expect_nothing();
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        script.wait(seconds * 1000 - 1).expect_nothing();
        script.wait(1);
        assert_eq!(script.sent().len(), 1, "after {seconds} s");
        script.peer(Segment { window: 0, ..from_peer(1, 1) }, 0).sent();
    }
}

/// RFC 6675, 5, and RFC 3042: what arrives out of order lets new octets go, also before anything is taken for lost.
#[test]
fn what_arrived_out_of_order_makes_room() {
    let mut script = Script::established();
    script.write(20_000).sent();
    script.peer(sack(from_peer(1, 1), &[(1001, 2001)]), 0);
    assert!(script.sent().iter().any(|segment| segment.seq == ISS + 10_001));
}

/// RFC 5961, 5.2: an acknowledgment older than the largest window there ever was is challenged; one within is taken.
#[test]
fn an_old_acknowledgment_is_one_of_a_window_ago() {
    let mut script = Script::accepted(Setting { window: 1000, ..Setting::default() });
    for octets in 0..3u32 {
        script.write(1000).peer(Segment { window: 1000, ..from_peer(1, 1001 + 1000 * octets) }, 0).sent();
    }
    script.peer(from_peer(1, 2001), 10);
    assert!(!script.changes.challenge);
    script.peer(from_peer(11, 2000), 10);
    assert!(script.changes.challenge);
    assert_eq!(script.read(), 10, "what came with it is not taken");
}
