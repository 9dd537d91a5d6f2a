//! Loss recovery: RACK-TLP (RFC 8985), SACK (RFC 6675), NewReno (RFC 6582), path MTU (RFC 1191).

use super::script::{Script, Setting, from_peer, sack};

/// Ten segments sent, a round trip of 100 ms known.
fn in_flight(setting: Setting) -> Script {
    let mut script = Script::accepted(setting);
    script.write(10).wait(100).peer(from_peer(1, 11), 0);
    script.write(10_000).sent();
    script.wait(100);
    script
}

fn at(segments: u32) -> u32 {
    11 + segments * 1000
}

/// RFC 8985, 6.2 and RFC 6675, 5: a lost segment that three others overtook is sent again at once, only it, and the
/// window falls to 70 % (RFC 9438, 4.6).
#[test]
fn a_lost_segment_is_sent_again_without_a_time_out() {
    let mut script = in_flight(Setting::default());
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(2))]), 0);
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(3))]), 0).expect_nothing();
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(4))]), 0).expect(&[". 11:1011(1000) ack 1"]);
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(10))]), 0).expect_nothing();
    script.wait(100).peer(from_peer(1, at(10)), 0).expect_nothing();
    assert_eq!(script.connection.sender.congestion.window, 7000);
    assert!(!script.connection.sender.is_recovering());
}

/// RFC 8985, 6.2, step 5: with fewer than three behind it, after a quarter of a round trip.
#[test]
fn a_single_overtaking_is_given_some_time() {
    let mut script = in_flight(Setting::default());
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(2))]), 0).expect_nothing();
    script.wait(24).expect_nothing();
    script.wait(1).expect(&[". 11:1011(1000) ack 1"]);
}

/// RFC 8985, 6.2: reordering within that time costs nothing.
#[test]
fn reordering_is_no_loss() {
    let mut script = in_flight(Setting::default());
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(2))]), 0).wait(10);
    script.peer(from_peer(1, at(2)), 0).expect_nothing();
    script.wait(50).expect_nothing();
    assert!(script.connection.sender.rack.reordering);
    // From now on even three that overtake are no proof.
    script.peer(sack(from_peer(1, at(2)), &[(at(3), at(7))]), 0).expect_nothing();
}

/// RFC 3522, 3: what was believed lost and arrives before any of it could be sent again was late, and makes no window
/// smaller; one octet that was sent again, and it is a loss.
#[test]
fn what_arrives_before_it_is_sent_again_was_not_lost() {
    for (sent_again, percent) in [(false, 100), (true, 70)] {
        let mut script = in_flight(Setting::default());
        let before = script.connection.sender.congestion.window;
        let lost = sack(from_peer(1, at(0)), &[(at(1), at(4))]);
        if sent_again {
            script.peer(lost, 0).expect(&[". 11:1011(1000) ack 1"]);
        } else {
            script.peer_quietly(lost, 0);
        }
        assert!(script.connection.sender.is_recovering());
        script.peer(from_peer(1, at(10)), 0).expect_nothing();
        assert!(!script.connection.sender.is_recovering());
        let window = script.connection.sender.congestion.window;
        assert!(window == before * percent / 100 || !sent_again && window > before, "{window} after {before}");
    }
}

/// RFC 8985, 6.2: a lost retransmission is found lost, too.
#[test]
fn a_lost_retransmission_is_sent_again() {
    let mut script = in_flight(Setting::default());
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(5))]), 0).expect(&[". 11:1011(1000) ack 1"]);
    script.write(5000);
    script.wait(50).peer(sack(from_peer(1, at(0)), &[(at(1), at(10))]), 0);
    let new = script.sent().len();
    assert!(new > 0, "new octets go out while the lost ones are repaired");
    // What was sent after the retransmission arrives before it.
    let last = at(10) + u32::try_from(new).unwrap_or(0) * 1000;
    script.wait(100).peer(sack(from_peer(1, at(0)), &[(at(1), last)]), 0);
    script.wait(30);
    assert_eq!(script.sent()[0].seq, super::script::ISS + 11);
}

/// RFC 8985, 7.2 and 7.3: the last segment is sent again after two round trips.
#[test]
fn a_lost_tail_is_probed() {
    let mut script = in_flight(Setting::default());
    script.peer(from_peer(1, at(8)), 0).expect_nothing();
    script.wait(199).expect_nothing();
    script.wait(1).expect(&["P. 9011:10011(1000) ack 1"]);
    // It arrives, and shows that the one before did not.
    script.wait(100).peer(sack(from_peer(1, at(8)), &[(at(9), at(10))]), 0).wait(30);
    script.expect(&[". 8011:9011(1000) ack 1"]);
    script.peer(from_peer(1, at(10)), 0);
    assert_eq!(script.connection.sender.backoff, 0);
}

/// RFC 8985, 7.3: new octets rather than old ones, where there are some.
#[test]
fn a_probe_sends_new_octets() {
    let mut script = in_flight(Setting::default());
    script.write(1000).expect_nothing();
    script.wait(99).expect_nothing();
    script.wait(1).expect(&["P. 10011:11011(1000) ack 1"]);
}

/// RFC 8985, 7.4: a probe that repaired a loss unseen makes the window smaller; one the peer had already, does not.
#[test]
fn a_repaired_tail_counts_as_a_loss() {
    for (duplicate, percent) in [(false, 70), (true, 100)] {
        let mut script = in_flight(Setting::default());
        script.peer(from_peer(1, at(9)), 0).wait(300);
        assert_eq!(script.sent().len(), 1);
        let ack = from_peer(1, at(10));
        script.peer(if duplicate { sack(ack, &[(at(9), at(10))]) } else { ack }, 0);
        let before = script.connection.sender.congestion.window;
        script.write(1000).sent();
        script.wait(100).peer(from_peer(1, at(11)), 0);
        assert_eq!(script.connection.sender.congestion.window, before * percent / 100);
    }
}

/// RFC 5681, 3.2 and RFC 6582, 3.2: without SACK, the third duplicate acknowledgment, and partial ones after it.
#[test]
fn newreno_repairs_one_segment_a_round_trip() {
    let mut script = in_flight(Setting { sack: false, ..Setting::default() });
    for _ in 0..2 {
        script.peer(from_peer(1, at(0)), 0).expect_nothing();
    }
    script.peer(from_peer(1, at(0)), 0).expect(&[". 11:1011(1000) ack 1"]);
    for _ in 0..5 {
        script.peer(from_peer(1, at(0)), 0);
    }
    script.sent();
    script.wait(100).peer(from_peer(1, at(5)), 0);
    assert_eq!(script.sent()[0].seq, super::script::ISS + at(5));
    script.wait(100).peer(from_peer(1, at(10)), 0);
    assert!(!script.connection.sender.is_recovering());
}

/// RFC 2018, 8: what the peer reported and threw away is sent again after a time-out.
#[test]
fn a_peer_may_throw_away_what_it_reported() {
    let mut script = in_flight(Setting::default());
    script.peer(sack(from_peer(1, at(0)), &[(at(1), at(10))]), 0).expect(&[". 11:1011(1000) ack 1"]);
    script.peer(from_peer(1, at(1)), 0);
    script.wait(1000);
    assert!(script.sent().iter().any(|segment| segment.seq == super::script::ISS + at(1)));
}

/// RFC 1191, 6.4: what is larger than the path takes is cut anew, and no congestion.
#[test]
fn a_narrow_path_cuts_segments_anew() {
    let mut script = Script::established();
    script.write(3000).sent();
    script.connection.path_mtu(600);
    script.send();
    let sent: alloc::vec::Vec<u32> =
        script.sent().iter().map(|segment| (segment.seq - super::script::ISS) as u32).collect();
    assert_eq!(sent, [1, 601, 1001, 1601, 2001, 2601]);
    assert_eq!(script.connection.sender.congestion.window, 10_000);
    script.peer(from_peer(1, 3001), 0).write(700).expect(&[". 3001:3601(600) ack 1", "P. 3601:3701(100) ack 1"]);
}

/// RFC 8985 over what a device cut: a hole in the middle of what was sent at once is sent alone.
#[test]
fn a_hole_in_what_a_device_cut_is_sent_alone() {
    let mut script = in_flight(Setting { segment_most: 64_000, ..Setting::default() });
    script.peer(sack(from_peer(1, at(3)), &[(at(4), at(10))]), 0).expect(&[". 3011:4011(1000) ack 1"]);
}

/// RFC 9438, 4.6 and RFC 6937, 3: acknowledgments that come at one moment with those that tell of a loss do not make the
/// flight smaller that is reduced, and what they made room for is sent.
#[test]
fn a_batch_of_acknowledgments_is_no_small_flight() {
    let mut script = in_flight(Setting::default());
    script.write(20_000).sent();
    let before = script.connection.sender.congestion.window;
    assert_eq!(script.connection.sender.flight(), before);
    let all = before / 1000;
    for acknowledged in 1..=all - 4 {
        script.peer_quietly(from_peer(1, at(acknowledged)), 0);
    }
    let una = at(all - 4);
    script.peer(sack(from_peer(1, una), &[(una + 1000, una + 4000)]), 0);
    assert!(script.connection.sender.congestion.threshold >= before * 7 / 10);
    let sent = script.sent();
    assert_eq!(sent[0].seq, super::script::ISS + una);
    assert!(script.connection.sender.pipe() + 1000 > before * 7 / 10, "{}", script.connection.sender.pipe());
}

/// RFC 8985, 7.3, RFC 2883 and RFC 9293, 3.8.6.3: where a delayed acknowledgment lasts many round trips, a probe sends
/// what the peer answers at once; when that was there, nothing was late and nothing was lost.
#[test]
fn on_a_short_path_a_probe_sends_old_octets() {
    let mut script = Script::established();
    script.write(10).wait(1).peer(from_peer(1, 11), 0);
    script.write(20_000).sent();
    let (window, last) =
        (script.connection.sender.congestion.window, script.connection.sender.nxt - super::script::ISS);
    let last = u32::try_from(last).expect("after it");
    script.wait(1).expect_nothing();
    script.wait(1).expect(&[&alloc::format!(". {}:{last}(1000) ack 1", last - 1000)]);
    script.peer(sack(from_peer(1, last), &[(last - 1000, last)]), 0);
    assert!(!script.connection.sender.rack.reordering);
    assert!(script.connection.sender.congestion.window >= window);
    assert!(script.connection.sender.tail.is_none() && !script.sent().is_empty());
}

/// RFC 3708: when the peer says of everything that was sent again that it came twice, it had only been late, and the
/// window is what it was; also once all is acknowledged.
#[test]
fn octets_that_were_late_do_not_make_the_window_smaller() {
    for doubled in [1, 2] {
        let mut script = in_flight(Setting::default());
        let window = script.connection.sender.congestion.window;
        let late = sack(from_peer(1, at(0)), &[(at(2), at(10))]);
        script.peer(late, 0).expect(&[". 11:1011(1000) ack 1", ". 1011:2011(1000) ack 1"]);
        // The first copies arrive after all, and then the second.
        script.wait(10).peer(from_peer(1, at(10)), 0);
        assert!(script.connection.sender.congestion.window < window);
        script.write(1000).sent();
        for segment in 0..doubled {
            let twice = [(at(segment), at(segment + 1))];
            script.peer(sack(from_peer(1, at(10)), &twice), 0);
        }
        let now = script.connection.sender.congestion.window;
        assert_eq!(now >= window, doubled == 2, "{now} of {window}");
    }
}
