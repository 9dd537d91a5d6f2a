//! The receiving side: acknowledgments, windows, reassembly, timestamps.

use core::time::Duration;

use super::script::{Script, Setting, from_peer, stamped};
use crate::tcp::Segment;
use crate::tcp::connection::Config;

/// RFC 9293, 3.8.6.3: every second full segment, or after 40 ms.
#[test]
fn acknowledgments_are_delayed() {
    let mut script = Script::established();
    script.peer(from_peer(1, 1), 1000).expect_nothing();
    script.wait(39).expect_nothing();
    script.wait(1).expect(&[". 1 ack 1001"]);
    script.peer(from_peer(1001, 1), 1000).expect_nothing();
    script.peer(from_peer(2001, 1), 1000).expect(&[". 1 ack 3001"]);
    script.wait(100).expect_nothing();
}

/// RFC 5681, 3.1 and 4.2: a sender that had a time-out sends one segment and waits.
#[test]
fn what_comes_after_a_long_silence_is_acknowledged_at_once() {
    let mut script = Script::established();
    script.wait(199).peer(from_peer(1, 1), 1000).expect_nothing();
    script.wait(200).sent();
    for at in 1..17 {
        script.peer(from_peer(at * 1000 + 1, 1), 1000).expect(&[&alloc::format!(". 1 ack {}", at * 1000 + 1001)]);
    }
    script.peer(from_peer(17_001, 1), 1000).expect_nothing();
}

/// RFC 9293, 3.8.6.3: octets that go the other way take the acknowledgment along.
#[test]
fn an_acknowledgment_rides_on_octets() {
    let mut script = Script::established();
    script.peer(from_peer(1, 1), 10).write(5).expect(&["P. 1:6(5) ack 11"]);
    script.peer(from_peer(11, 6), 0).wait(100).expect_nothing();
}

/// RFC 5681, 4.2: out of order and filling a gap, at once; RFC 2018, 4: with the blocks there are.
#[test]
fn gaps_are_reported_at_once() {
    let mut script = Script::established();
    script.peer(from_peer(1001, 1), 1000).expect(&[". 1 ack 1 sack 1001-2001"]);
    script.peer(from_peer(3001, 1), 1000).expect(&[". 1 ack 1 sack 3001-4001 1001-2001"]);
    script.peer(from_peer(1, 1), 1000).expect(&[". 1 ack 2001 sack 3001-4001"]);
    script.peer(from_peer(2001, 1), 1000).expect(&[". 1 ack 4001"]);
    let mut read = 0;
    while let Some(chunk) = script.connection.take_received() {
        for &byte in chunk.filled() {
            read += 1;
            assert_eq!(byte, super::script::octet(read));
        }
    }
    assert_eq!(read, 4000);
}

/// RFC 2883, 4.1: what came twice is reported first, once.
#[test]
fn duplicates_are_reported() {
    let mut script = Script::established();
    script.peer(from_peer(1, 1), 1000).peer(from_peer(1001, 1), 1000).expect(&[". 1 ack 2001"]);
    script.peer(from_peer(1, 1), 1000).expect(&[". 1 ack 2001 sack 1-1001"]);
    script.peer(from_peer(3001, 1), 1000).expect(&[". 1 ack 2001 sack 3001-4001"]);
    script.peer(from_peer(3001, 1), 1000).expect(&[". 1 ack 2001 sack 3001-4001 3001-4001"]);
    // 4.2: partly.
    script.peer(from_peer(1501, 1), 1000).expect(&[". 1 ack 2501 sack 1501-2001 3001-4001"]);
}

/// RFC 2883, 4.1, and RFC 7323, 5.3: so is what was late, and has an older timestamp than what was sent in its place.
#[test]
fn duplicates_with_old_timestamps_are_reported() {
    let mut script = Script::accepted(Setting { timestamps: true, ..Setting::default() });
    script.peer(stamped(from_peer(1001, 1), 600, 0), 1000).expect(&[". 1 ack 1 sack 1001-2001"]);
    script.peer(stamped(from_peer(1, 1), 602, 0), 1000).expect(&[". 1 ack 2001"]);
    script.peer(stamped(from_peer(1, 1), 600, 0), 1000).expect(&[". 1 ack 2001 sack 1-1001"]);
    script.peer(stamped(from_peer(2001, 1), 600, 0), 1000).expect(&[". 1 ack 2001"]);
}

/// RFC 9293, 3.10.7.4, first: what lies outside of the window is not taken.
#[test]
fn the_window_is_a_limit() {
    let config = Config { receive_most: 3000, ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    script.peer(from_peer(3001, 1), 10).expect(&[". 1 ack 1"]);
    script.peer(from_peer(2501, 1), 1000).expect(&[". 1 ack 1 sack 2501-3001"]);
    script.peer(from_peer(1, 1), 2500).expect(&[". 1 ack 3001 win 0"]);
    script.peer(from_peer(3001, 1), 1).expect(&[". 1 ack 3001 win 0"]);
    assert_eq!(script.read(), 3000);
    script.expect(&[". 1 ack 3001"]);
}

/// RFC 9293, 3.10.7.4, first: an acknowledgment is taken also when the window is shut.
#[test]
fn acknowledgments_pass_a_shut_window() {
    let config = Config { receive_most: 1000, ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    script.write(100).peer(from_peer(1, 1), 1000).sent();
    script.peer(from_peer(1001, 101), 500).expect(&[". 101 ack 1001 win 0"]);
    assert_eq!(script.connection.sender.flight(), 0);
}

/// RFC 9293, 3.8.6.2.2: the window opens by a good piece or not at all, and never shrinks.
#[test]
fn the_window_opens_by_a_good_piece() {
    let config = Config { receive_most: 8000, ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    for at in 0..8 {
        script.peer(from_peer(1 + at * 1000, 1), 1000);
    }
    let windows: alloc::vec::Vec<u16> = script.sent().iter().map(|segment| segment.window).collect();
    assert_eq!(windows, [6000, 4000, 2000, 0]);
    let chunk = script.connection.take_received().expect("there is one");
    assert!(!script.connection.consumed(500));
    script.send().expect_nothing();
    assert!(script.connection.consumed(chunk.len() - 500));
    let sent = script.send().sent();
    assert_eq!(sent[0].window, 4096);
}

/// RFC 7323, 2.2 to 2.4: windows are shifted, what was announced is honoured.
#[test]
fn windows_are_scaled() {
    let mut script = Script::accepted(Setting { scale: Some(3), ..Setting::default() });
    script.peer(Segment { window: 100, ..from_peer(1, 1) }, 10).wait(40);
    assert_eq!(script.connection.sender.window, 800);
    // 65,525 bytes left, in units of 128.
    assert_eq!(script.sent()[0].window, 511);
    assert_eq!(script.connection.receiver.window(), 65_525);
}

/// RFC 7323, 4.3 and 5.3: timestamps are echoed, and older segments are not taken.
#[test]
fn old_timestamps_are_refused() {
    let mut script = Script::accepted(Setting { timestamps: true, ..Setting::default() });
    script.peer(stamped(from_peer(1, 1), 600, 0), 10).wait(40);
    let sent = script.sent();
    assert_eq!(sent[0].timestamps.map(|stamps| (stamps.value, stamps.echo)), Some((100_047, 600)));
    script.peer(stamped(from_peer(11, 1), 599, 0), 10).expect(&[". 1 ack 11"]);
    assert_eq!(script.read(), 10);
    // 3.2: without the option it is dropped silently.
    script.peer(from_peer(11, 1), 10).wait(100).expect_nothing();
    // A later one out of order does not become the one to echo.
    script.peer(stamped(from_peer(1011, 1), 700, 0), 10);
    assert_eq!(script.sent()[0].timestamps.map(|stamps| stamps.echo), Some(600));
    // 5.5: after 24 days anything is new.
    script.now = script.now + Duration::from_secs(25 * 24 * 3600);
    script.peer(stamped(from_peer(11, 1), 5, 0), 10).sent();
    assert_eq!(script.read(), 10);
}

/// RFC 7323, 5.2: a RST has no use for timestamps.
#[test]
fn a_reset_needs_no_timestamp() {
    let mut script = Script::accepted(Setting { timestamps: true, ..Setting::default() });
    script.peer(Segment { rst: true, ..from_peer(1, 1) }, 0);
    assert!(script.changes.failed);
}

/// A device has put segments together: one acknowledgment at once.
#[test]
fn coalesced_segments_are_acknowledged_at_once() {
    let mut script = Script::established();
    let segment = Segment { psh: true, ..from_peer(1, 1) };
    script.connection.input(script.now, &segment, &[0; 700], 500);
    script.send().expect(&[". 1 ack 701"]);
}

/// A reader that keeps up gets a larger window; one that does not, does not.
#[test]
fn the_window_grows_with_the_reader() {
    let mut script = Script::accepted(Setting { scale: Some(7), ..Setting::default() });
    let mut seq = 1;
    for _ in 0..10 {
        let window = script.connection.receiver.window();
        let end = seq + window - window % 1000;
        while seq < end {
            script.peer(from_peer(seq, 1), 1000);
            seq += 1000;
        }
        script.wait(50);
        script.read();
    }
    assert!(script.connection.receiver.capacity > 1 << 20, "{}", script.connection.receiver.capacity);
    let mut script = Script::established();
    for at in 0..60 {
        script.peer(from_peer(1 + at * 1000, 1), 1000).wait(10);
    }
    assert_eq!(script.connection.receiver.capacity, 65_535);
}

/// RFC 5681, 3.1: a sender that doubles what it sends in every round trip is not held up by the window, also when whole
/// windows come at one moment: what only fills a window says nothing about the round trip.
#[test]
fn the_window_keeps_ahead_of_slow_start() {
    let mut script = Script::accepted(Setting { scale: Some(7), timestamps: true, ..Setting::default() });
    // Our clock's milliseconds, and what a script adds to them.
    let (mut seq, mut flight, mut echo) = (1, 10_000, 100_000 + 7);
    while flight < 1 << 20 {
        assert!(script.connection.receiver.window() >= flight, "{flight}: {}", script.connection.receiver.window());
        script.wait(50);
        let end = seq + flight;
        while seq < end {
            script.peer_quietly(stamped(from_peer(seq, 1), echo, echo), 1000);
            seq += 1000;
            if script.changes.readable {
                script.read();
            }
        }
        (flight, echo) = (flight * 2, echo + 50);
    }
}

/// The window filled to its last octet, twice at one moment.
#[test]
fn a_full_window_is_no_round_trip() {
    let mut script = Script::accepted(Setting { scale: Some(7), ..Setting::default() });
    let mut seq = 1;
    for _ in 0..8 {
        script.wait(50);
        for _ in 0..2 {
            let end = seq + script.connection.receiver.window();
            while seq < end {
                let length = (end - seq).min(1000);
                script.peer_quietly(from_peer(seq, 1), length as usize);
                seq += length;
            }
        }
        script.read();
    }
    assert!(script.connection.receiver.capacity > 1 << 20, "{}", script.connection.receiver.capacity);
}
