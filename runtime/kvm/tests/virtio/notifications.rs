//! Who tells whom, when, and how seldom.

use std::task::Poll;

use mirage::Network;

use crate::fake::{EVENTS, poll};
use crate::link::{ALL, Link, Options, Way, frame};

/// Every way there is to be told.
fn ways() -> impl Iterator<Item = Options> {
    [Way::Mmio, Way::Messages, Way::Line]
        .into_iter()
        .flat_map(|way| [ALL, ALL & !EVENTS].map(|features| Options { way, features, ..Options::default() }))
}

#[test]
fn whoever_waits_is_woken_by_a_frame_and_by_nothing_else() {
    for options in ways() {
        let mut link = Link::new(options);
        for round in 0..200 {
            let (polled, woken) = poll(|context| link.net.poll_ready(context));
            assert!(polled.is_pending() && woken() == 0, "{options:?}, {round}");
            assert!(link.arrive([0; 10], &frame(round, 60), usize::MAX));
            assert!(woken() >= 1, "{options:?}, {round}");
            let (polled, _) = poll(|context| link.net.poll_ready(context));
            assert!(matches!(polled, Poll::Ready(Ok(()))), "{options:?}, {round}");
            assert_eq!(link.received().expect("frames").len(), 1);
        }
    }
}

#[test]
fn a_frame_that_comes_before_anybody_waits_is_seen() {
    for options in ways() {
        let mut link = Link::new(options);
        for round in 0..200 {
            assert!(link.arrive([0; 10], &frame(round, 60), usize::MAX));
            let (polled, _) = poll(|context| link.net.poll_ready(context));
            assert!(matches!(polled, Poll::Ready(Ok(()))), "{options:?}, {round}");
            assert_eq!(link.received().expect("frames").len(), 1);
        }
    }
}

#[test]
fn frames_that_come_while_others_are_received_raise_no_interrupt() {
    for options in ways() {
        let mut link = Link::new(options);
        let (polled, woken) = poll(|context| link.net.poll_ready(context));
        assert!(polled.is_pending());
        (0..10).for_each(|number| assert!(link.arrive([0; 10], &frame(number, 60), usize::MAX)));
        let first = woken();
        assert_eq!(link.received().expect("frames").len(), 10);
        // The interrupt of before is seen to, and nobody is awaited.
        let (_, woken) = poll(|context| link.net.poll_ready(context));
        assert!(link.arrive([0; 10], &frame(0, 60), usize::MAX));
        let second = woken();
        assert_eq!((first, second), (1, 1), "{options:?}: once asleep, once");
        assert!(link.arrive([0; 10], &frame(0, 60), usize::MAX));
        let (polled, woken) = poll(|context| link.net.poll_ready(context));
        assert!(polled.is_ready());
        assert_eq!(link.received().expect("frames").len(), 2);
        assert!(link.arrive([0; 10], &frame(0, 60), usize::MAX));
        assert_eq!(woken(), 0, "{options:?}: whoever was ready did not sleep");
    }
}

#[test]
fn a_device_is_told_once_of_many_frames_and_not_while_it_looks_anyway() {
    for features in [ALL, ALL & !EVENTS] {
        let mut link = Link::new(Options { features, ..Options::default() });
        link.device.kicks();
        (0..20).for_each(|number| assert!(link.send(&frame(number, 60)).expect("a device")));
        assert!(link.device.kicks().is_empty(), "not before `notify`");
        link.net.notify().expect("a device");
        assert_eq!(link.device.kicks(), [1]);
        link.net.notify().expect("a device");
        assert!(link.device.kicks().is_empty(), "there is nothing new");
        // The device looks, and does not want to be told.
        link.device.ignore(&link.machine, 1);
        assert_eq!(link.sent().len(), 20);
        (0..20).for_each(|number| assert!(link.send(&frame(number, 60)).expect("a device")));
        link.net.notify().expect("a device");
        assert!(link.device.kicks().is_empty());
        // It finds them all the same; and goes to sleep.
        assert_eq!(link.sent().len(), 20);
        link.device.listen(&link.machine, 1);
        assert!(link.send(&frame(0, 60)).expect("a device"));
        link.net.notify().expect("a device");
        assert_eq!(link.device.kicks(), [1]);
    }
}

#[test]
fn a_frame_that_was_sent_wakes_nobody_unless_one_was_refused() {
    for options in ways() {
        let mut link = Link::new(options);
        assert!(link.send(&frame(0, 60)).expect("a device"));
        link.net.notify().expect("a device");
        let (polled, woken) = poll(|context| link.net.poll_ready(context));
        assert!(polled.is_pending());
        assert_eq!(link.sent().len(), 1);
        assert_eq!(woken(), 0, "{options:?}");
    }
}

#[test]
fn whoever_was_refused_is_woken_when_there_is_room() {
    for options in ways() {
        for length in [60, 1500, 60_000] {
            let mut link = Link::new(options);
            for round in 0..10 {
                let mut count = 0;
                while link.send(&frame(count, length)).expect("a device") {
                    count += 1;
                }
                assert!(count >= 2, "{options:?}, {length}");
                // It was told, without `notify`: else there never would be room.
                assert!(round > 0 || link.device.kicks().contains(&1));
                let (polled, woken) = poll(|context| link.net.poll_ready(context));
                assert!(polled.is_pending(), "{options:?}, {length}, {round}");
                assert_eq!(link.sent().len(), count);
                assert!(woken() >= 1, "{options:?}, {length}, {round}");
                let (polled, _) = poll(|context| link.net.poll_ready(context));
                assert!(matches!(polled, Poll::Ready(Ok(()))), "{options:?}, {length}, {round}");
                assert!(link.send(&frame(0, length)).expect("a device"));
                link.net.notify().expect("a device");
                assert_eq!(link.sent().len(), 1);
                // Once it was told of the room, there is nothing more to tell.
                link.net.notify().expect("a device");
                let (polled, _) = poll(|context| link.net.poll_ready(context));
                assert!(polled.is_pending());
            }
        }
    }
}

#[test]
fn room_that_came_before_anybody_waited_is_seen() {
    let mut link = Link::new(Options::default());
    while link.send(&frame(0, 1500)).expect("a device") {}
    link.sent();
    link.net.notify().expect("a device");
    let (polled, _) = poll(|context| link.net.poll_ready(context));
    assert!(matches!(polled, Poll::Ready(Ok(()))));
}
