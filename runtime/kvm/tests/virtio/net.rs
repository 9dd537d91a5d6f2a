//! What goes through an interface, and what it takes.

use mirage::{Checksum, MacAddress, Network, Offload, Offloads, Received};
use mirage_kvm::virtio::Net;

use crate::fake::{EVENTS, INDIRECT, VERSION_1};
use crate::link::{ALL, CHECKSUMS, HAS_MAC, Link, MERGEABLE, MTU, Options, SEGMENTS, Way, frame, machine, only};

#[test]
fn an_interface_comes_up_whichever_way_it_is_reached() {
    for way in [Way::Mmio, Way::Messages, Way::Line] {
        let link = Link::new(Options { way, ..Options::default() });
        assert!(link.device.is_running(), "{way:?}");
        assert_eq!(link.net.mac(), Link::mac());
        assert_eq!(link.net.mtu(), 1500);
        assert_eq!(link.net.offloads(), Offloads { checksum: true, segment_v4: true, segment_v6: true });
        let taken = CHECKSUMS | HAS_MAC | SEGMENTS | MERGEABLE | EVENTS | INDIRECT | VERSION_1;
        assert!(link.device.has(taken) && !link.device.has(1 << 16) && !link.device.has(1 << 17), "{way:?}");
        assert_eq!(link.device.kicks(), [0], "there are buffers to receive into");
    }
}

#[test]
fn what_is_not_offered_is_done_without() {
    let bare = Link::new(Options { features: VERSION_1 | HAS_MAC, ..Options::default() });
    assert_eq!(bare.net.offloads(), Offloads::default());
    // Segments are put together only where buffers can be, and cut only where checksums are filled in.
    let features = ALL & !MERGEABLE;
    assert!(!Link::new(Options { features, ..Options::default() }).device.has(1 << 7));
    let features = ALL & !(1 << 0);
    assert_eq!(Link::new(Options { features, ..Options::default() }).net.offloads(), Offloads::default());
    let features = ALL & !(1 << 1);
    assert!(!Link::new(Options { features, ..Options::default() }).device.has(1 << 8));
}

#[test]
fn a_hardware_address_of_ones_own_is_taken() {
    let (machine, device) = machine(Options { features: ALL & !HAS_MAC, ..Options::default() });
    let mac = MacAddress([2, 0, 0, 0, 0, 1]);
    let net = Net::connect(&machine, only(&machine), Some(mac)).expect("an interface");
    assert_eq!(net.mac(), mac);
    assert!(device.is_running());
    machine.unplug();
}

/// The figures that `net`'s documentation gives.
#[test]
fn memory_is_taken_as_it_is_needed() {
    let mut link = Link::new(Options { spare: 1000, ..Options::default() });
    assert_eq!(link.machine.ram().shared() / 1024, 24 + 128 + 128);
    let without = Link::new(Options { features: ALL & !SEGMENTS, ..Options::default() });
    assert_eq!(without.machine.ram().shared() / 1024, 24 + 128 + 64);
    // However long it runs dry, and however much is sent.
    for _ in 0..20 {
        while link.arrive([0; 10], &[0; 60_000], usize::MAX) {}
        assert!(!link.received().expect("frames").is_empty());
        while link.send(&[0; 60_000]).expect("a device") {}
        link.sent();
    }
    assert_eq!(link.machine.ram().shared() / 1024, 24 + 512 + 128 + 256);
}

#[test]
fn frames_arrive_as_they_were_sent_and_in_order() {
    for features in [ALL, ALL & !EVENTS, ALL & !MERGEABLE, VERSION_1 | HAS_MAC] {
        let mut link = Link::new(Options { features, ..Options::default() });
        for round in 0..40 {
            let frames: Vec<_> = (0..20).map(|number| frame(round * 100 + number, 60 + number * 70)).collect();
            frames.iter().for_each(|frame| assert!(link.arrive([0; 10], frame, usize::MAX)));
            let received = link.received().expect("frames");
            assert!(received.iter().map(|(frame, _)| frame).eq(&frames), "{features:#x}, round {round}");
        }
    }
}

#[test]
fn no_more_frames_are_handed_over_than_were_asked_for() {
    let mut link = Link::new(Options::default());
    (0..5).for_each(|number| assert!(link.arrive([0; 10], &frame(number, 100), usize::MAX)));
    let counts = [2, 2, 2, 2].map(|most| link.net.receive(most, &mut |_, _| {}).expect("frames"));
    assert_eq!(counts, [2, 2, 1, 0]);
}

#[test]
fn a_frame_over_many_buffers_is_one() {
    let mut link = Link::new(Options::default());
    for round in 0..30 {
        // Filled to the brim as they are by most devices, and not.
        for fill in [usize::MAX, 2048, 1900] {
            let frame = frame(round, 65_000 - round * 1000);
            assert!(link.arrive([2, 1, 66, 0, 0xa8, 5, 0, 0, 0, 0], &frame, fill));
            let received = link.received().expect("frames");
            assert_eq!(received, [(frame, Received { checksum: true, segment: 1448 })], "{round}, {fill}");
        }
    }
}

#[test]
fn a_frame_whose_buffers_come_back_one_by_one_waits_for_the_last() {
    let mut link = Link::new(Options::default());
    let chains: Vec<_> = (0..3).map(|_| link.device.pop(&link.machine, 0).expect("a buffer")).collect();
    let parts = [[&[0; 10][..], &[3, 0], &[1; 50]].concat(), vec![2; 60], vec![3; 70]];
    for (number, (chain, part)) in chains.iter().zip(&parts).enumerate() {
        link.machine.ram().write(chain.write[0].0, part);
        link.device.push(&link.machine, 0, &[(chain.head, part.len() as u32)]);
        let received = link.received().expect("frames");
        match number {
            2 => assert_eq!(received[0].0, [&[1; 50][..], &[2; 60], &[3; 70]].concat()),
            _ => assert!(received.is_empty()),
        }
    }
}

#[test]
fn long_frames_arrive_without_buffers_that_can_be_merged() {
    let features = (ALL & !MERGEABLE) | MTU;
    let mut link = Link::new(Options { features, mtu: 9000, ..Options::default() });
    assert_eq!(link.net.mtu(), 9000);
    for number in 0..20 {
        assert!(link.arrive([0; 10], &frame(number, 9014), usize::MAX));
        assert_eq!(link.received().expect("frames")[0].0, frame(number, 9014));
    }
}

#[test]
fn a_queue_with_few_descriptors_still_holds_the_longest_frame() {
    for queue in [1, 2, 16] {
        let mut link = Link::new(Options { queue, ..Options::default() });
        for number in 0..10 {
            assert!(link.arrive([0; 10], &frame(number, 65_000), usize::MAX), "{queue}");
            assert_eq!(link.received().expect("frames")[0].0, frame(number, 65_000));
            assert!(link.send(&frame(number, 50_000)).expect("a device"));
            assert_eq!(link.sent().len(), 1);
        }
    }
}

#[test]
fn frames_go_as_they_were_given_wherever_the_ring_ends() {
    for features in [ALL, ALL & !INDIRECT, ALL & !SEGMENTS, VERSION_1 | HAS_MAC] {
        let mut link = Link::new(Options { features, ..Options::default() });
        // Some are on their way all the time, so that the ring is gone around.
        let mut waiting = std::collections::VecDeque::new();
        for number in 0..2000 {
            let frame = frame(number, 42 + number * 31 % 1472);
            let parts = [&frame[..14], &frame[14..20], &[], &frame[20..]];
            assert!(link.net.send(&parts, Offload::default()).expect("a device"), "{number}");
            link.net.notify().expect("a device");
            waiting.push_back(frame);
            if number >= 30 {
                let (head, sent) = link.look().expect("a frame");
                assert_eq!(sent[..12], [0; 12]);
                assert_eq!(sent[12..], waiting.pop_front().expect("a frame"), "{features:#x}, {number}");
                link.device.push(&link.machine, 1, &[(head, 0)]);
            }
        }
    }
}

#[test]
fn buffers_that_come_back_in_another_order_are_free_all_the_same() {
    let mut link = Link::new(Options::default());
    let mut taken: Vec<u16> = Vec::new();
    for number in 0..5000 {
        assert!(link.send(&frame(number, 1000)).expect("a device"), "{number}");
        let (head, sent) = link.look().expect("a frame");
        assert_eq!(sent[12..], frame(number, 1000));
        taken.push(head);
        if taken.len() == 40 {
            taken.rotate_left(17);
            taken.drain(..).for_each(|head| link.device.push(&link.machine, 1, &[(head, 0)]));
        }
    }
}

#[test]
fn what_is_left_to_the_device_is_said_in_the_header() {
    let mut link = Link::new(Options::default());
    let mut segment = frame(1, 60_000);
    segment[12..14].copy_from_slice(&[0x08, 0x00]);
    segment[46] = 0x50;
    let offload = Offload { checksum: Some(Checksum { start: 34, offset: 16 }), segment: 1460 };
    assert!(link.net.send(&[&segment[..54], &segment[54..]], offload).expect("a device"));
    let sent = link.sent();
    assert_eq!(sent[0][..12], [1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0]);
    assert_eq!(sent[0][12..], segment);
}

#[test]
fn a_frame_no_link_can_carry_is_lost_and_nothing_else() {
    let mut link = Link::new(Options::default());
    assert!(link.send(&[0; 70_000]).expect("a device"));
    assert!(link.sent().is_empty());
    assert!(link.send(&frame(1, 60)).expect("a device"));
    assert_eq!(link.sent().len(), 1);
}
