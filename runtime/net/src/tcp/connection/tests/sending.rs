//! The sending side: segments, Nagle, windows.

use mirage::Refused;

use super::script::{Script, Setting, from_peer};
use crate::tcp::Segment;
use crate::tcp::connection::Config;

/// RFC 9293, 3.7.4: the second small segment waits for the first, a full one does not.
#[test]
fn small_segments_wait() {
    let mut script = Script::established();
    script.write(10).expect(&["P. 1:11(10) ack 1"]);
    script.write(10).expect_nothing();
    script.write(990).expect(&["P. 11:1011(1000) ack 1"]);
    script.write(10).expect_nothing();
    script.peer(from_peer(1, 1011), 0).expect(&["P. 1011:1021(10) ack 1"]);
}

/// RFC 9293, 3.7.4, MUST-17: Nagle's algorithm can be turned off.
#[test]
fn small_segments_need_not_wait() {
    let config = Config { nagle: false, ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    script.write(10).write(10).expect(&["P. 1:11(10) ack 1", "P. 11:21(10) ack 1"]);
}

/// A device that cuts segments is given many at once, the last part on its own when it has to wait.
#[test]
fn a_device_cuts_segments() {
    let mut script = Script::accepted(Setting { segment_most: 64_000, ..Setting::default() });
    script.write(5500).expect(&["P. 1:5501(5500) ack 1 tso 1000"]);
    script.write(2500).expect(&[". 5501:7501(2000) ack 1 tso 1000"]);
}

/// RFC 6928, 2: ten segments at first; RFC 5681, 3.1: then as many more as arrive.
#[test]
fn the_initial_window_is_ten_segments() {
    let mut script = Script::established();
    script.write(30_000);
    assert_eq!(script.sent().len(), 10);
    script.wait(10).peer(from_peer(1, 2001), 0);
    assert_eq!(script.sent().len(), 4);
}

/// RFC 9293, 3.8.6: no more than the peer's window.
#[test]
fn the_window_of_the_peer_is_a_limit() {
    let mut script = Script::accepted(Setting { window: 2500, ..Setting::default() });
    script.write(4000).expect(&[". 1:1001(1000) ack 1", ". 1001:2001(1000) ack 1"]);
    // 3.8.6.2.1: half of the largest window is enough for a small segment, less is not.
    script.peer(Segment { window: 1249, ..from_peer(1, 2001) }, 0).expect(&[". 2001:3001(1000) ack 1"]);
    script.peer(Segment { window: 1250, ..from_peer(1, 3001) }, 0).expect(&["P. 3001:4001(1000) ack 1"]);
}

/// RFC 9293, 3.8.6.2.1: a window too small for a segment is used by the probe only.
#[test]
fn silly_windows_are_not_filled() {
    let mut script = Script::accepted(Setting { window: 2000, ..Setting::default() });
    script.write(2000).sent();
    script.peer(Segment { window: 100, ..from_peer(1, 2001) }, 0).write(1000).expect_nothing();
    script.wait(200).expect(&[". 2001:2101(100) ack 1"]);
}

/// RFC 9293, 3.8.6.1: a shut window is asked for, more and more rarely, and for ever as long as somebody answers.
#[test]
fn a_shut_window_is_probed() {
    let mut script = Script::accepted(Setting { window: 1000, ..Setting::default() });
    script.write(1500).expect(&[". 1:1001(1000) ack 1"]);
    script.wait(100).peer(Segment { window: 0, ..from_peer(1, 1001) }, 0).expect_nothing();
    script.wait(299).expect_nothing();
    script.wait(1).expect(&[". 1001:1002(1) ack 1"]);
    script.peer(Segment { window: 0, ..from_peer(1, 1001) }, 0).expect_nothing();
    script.wait(599).expect_nothing();
    script.wait(1).expect(&[". 1001:1002(1) ack 1"]);
    for _ in 0..20 {
        script.wait(60_000);
        assert!(!script.sent().is_empty());
        script.peer(Segment { window: 0, ..from_peer(1, 1001) }, 0);
    }
    // The octet is taken in the end.
    script.peer(Segment { window: 2000, ..from_peer(1, 1002) }, 0).expect(&["P. 1002:1501(499) ack 1"]);
    script.peer(from_peer(1, 1501), 0);
    assert_eq!((script.connection.sender.flight(), script.connection.deadline()), (0, None));
}

/// RFC 9293, 3.8.6.1: the window opens without the octet being taken; it is not lost.
#[test]
fn a_window_opens_behind_the_probe() {
    let mut script = Script::accepted(Setting { window: 0, ..Setting::default() });
    script.write(500).expect_nothing();
    script.wait(1000).expect(&[". 1:2(1) ack 1"]);
    script.peer(from_peer(1, 1), 0).expect(&["P. 1:501(500) ack 1"]);
}

/// RFC 9293, 3.10.7.4, fifth: an older segment does not move the window.
#[test]
fn an_older_segment_does_not_move_the_window() {
    let mut script = Script::established();
    script.peer(Segment { window: 5000, ..from_peer(11, 1) }, 10);
    script.peer(Segment { window: 9000, ..from_peer(1, 1) }, 10);
    assert_eq!(script.connection.sender.window, 5000);
}

/// A device without room is asked again, and nothing is lost by it.
#[test]
fn a_full_device_is_asked_again() {
    let mut script = Script::established();
    script.full = true;
    script.write(1500).expect_nothing();
    assert!(script.connection.is_dirty());
    script.full = false;
    script.send().expect(&[". 1:1001(1000) ack 1", "P. 1001:1501(500) ack 1"]);
    // What is refused for another reason is lost, and sent again.
    let now = script.now;
    let refusal = script.write_quietly(1000).connection.transmit(now, &mut |_, _, _| Err(Refused::NoRoute));
    assert_eq!(refusal, Ok(()));
    assert_eq!(script.connection.sender.unsent(), 0);
}

/// The send buffer is twice the congestion window, within its limit.
#[test]
fn the_send_buffer_follows_the_congestion_window() {
    let config = Config { send_most: 50_000, ..Config::default() };
    let mut script = Script::accepted(Setting { config, ..Setting::default() });
    assert_eq!(script.connection.send_room(), 32 * 1024);
    script.write(32 * 1024);
    assert_eq!(script.connection.send_room(), 0);
    script.peer(from_peer(1, 10_001), 0);
    assert_eq!(script.connection.send_room(), 40_000 - (32 * 1024 - 10_000));
    assert!(script.changes.writable);
    script.peer(from_peer(1, 30_001), 0);
    assert_eq!(script.connection.send_room(), 50_000 - (32 * 1024 - 30_000));
}

/// RFC 2018, 3: the blocks take room in a segment; a full one goes without, and they follow on their own.
#[test]
fn blocks_go_on_their_own_beside_full_segments() {
    let mut script = Script::established();
    script.peer_quietly(from_peer(1001, 1), 1000).write(1000);
    script.expect(&["P. 1:1001(1000) ack 1", ". 1001 ack 1 sack 1001-2001"]);
    script.peer_quietly(from_peer(3001, 1), 1000).write(100);
    script.expect(&["P. 1001:1101(100) ack 1 sack 3001-4001 1001-2001"]);
}

/// RFC 5681, 4.1: after a pause, no more than the initial window.
#[test]
fn a_pause_resets_the_window() {
    let mut script = Script::established();
    script.write(30_000).wait(10).peer(from_peer(1, 10_001), 0).wait(10).peer(from_peer(1, 30_001), 0).sent();
    assert!(script.connection.sender.congestion.window > 20_000);
    script.wait(1000).write(30_000);
    assert_eq!(script.sent().len(), 10);
}
