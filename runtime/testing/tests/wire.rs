//! The simulated wire, driven frame by frame.

use std::rc::Rc;
use std::time::Duration;

use mirage::{Checksum, Clock as _, MacAddress, Network as _, Offload, Offloads, Received, Time as _};
use mirage_test::{Conditions, Options, Port, Wire, World, run};

/// An EtherType for experiments (IEEE 802).
const EXPERIMENT: [u8; 2] = [0x88, 0xb5];
const IPV4: [u8; 2] = [0x08, 0x00];
const EVERYTHING: Offloads = Offloads { checksum: true, segment_v4: true, segment_v6: true };

fn send(port: &mut Port, to: MacAddress, ethertype: [u8; 2], payload: &[u8]) {
    let mac = port.mac();
    assert!(port.send(&[&to.0, &mac.0, &ethertype, payload], Offload::default()).unwrap());
    port.notify().unwrap();
}

/// The frames that have arrived.
fn take(port: &mut Port) -> Vec<(Vec<u8>, Received)> {
    let mut frames = Vec::new();
    port.receive(usize::MAX, &mut |frame, received| frames.push((frame.to_vec(), received))).unwrap();
    frames
}

/// The first payload bytes of the frames that have arrived.
fn numbers(port: &mut Port) -> Vec<u8> {
    take(port).iter().map(|(frame, _)| frame[14]).collect()
}

/// Waits until everything that is under way has arrived.
async fn settle(world: &World) {
    world.time().sleep(Duration::from_secs(10)).await;
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn pair(world: &World, conditions: Conditions) -> (Wire, Port, Port) {
    let wire = world.wire();
    wire.conditions(conditions);
    let (a, b) = (wire.port(), wire.port());
    (wire, a, b)
}

#[mirage::test]
async fn a_switch_learns_and_floods_what_it_does_not_know(world: World) {
    let wire = world.wire();
    let (mut a, mut b, mut c) = (wire.port(), wire.port(), wire.port());
    send(&mut a, b.mac(), EXPERIMENT, b"1");
    settle(&world).await;
    assert_eq!([numbers(&mut a), numbers(&mut b), numbers(&mut c)], [&b""[..], b"1", b"1"], "unknown: everywhere");
    send(&mut b, a.mac(), EXPERIMENT, b"2");
    settle(&world).await;
    assert_eq!([numbers(&mut a), numbers(&mut b), numbers(&mut c)], [&b"2"[..], b"", b""], "learnt");
    send(&mut c, MacAddress::BROADCAST, EXPERIMENT, b"3");
    settle(&world).await;
    assert_eq!([numbers(&mut a), numbers(&mut b), numbers(&mut c)], [&b"3"[..], b"3", b""]);
}

#[mirage::test]
async fn frames_go_when_the_device_is_told_and_are_padded(world: World) {
    let (_wire, mut a, mut b) = pair(&world, Conditions::after(millis(3)));
    let (here, there) = (a.mac(), b.mac());
    assert!(a.send(&[&there.0, &here.0, &EXPERIMENT, b"x"], Offload::default()).unwrap());
    settle(&world).await;
    assert_eq!(take(&mut b), []);
    let begin = world.clock().now();
    a.notify().unwrap();
    b.ready().await.unwrap();
    assert_eq!(world.clock().now().since(begin), millis(3));
    let frames = take(&mut b);
    assert_eq!((frames.len(), frames[0].0.len(), frames[0].1), (1, 60, Received::default()));
}

#[mirage::test]
async fn a_full_ring_refuses_and_says_when_there_is_room(world: World) {
    let wire = world.wire();
    let (mut a, mut b) = (wire.port().with_room(2), wire.port());
    let (here, there) = (a.mac(), b.mac());
    let put = |a: &mut Port| a.send(&[&there.0, &here.0, &EXPERIMENT, b"x"], Offload::default()).unwrap();
    assert_eq!([put(&mut a), put(&mut a), put(&mut a)], [true, true, false]);
    assert!(world.time().timeout(millis(1), a.ready()).await.is_err(), "nothing came and nothing was freed");
    a.notify().unwrap();
    assert!(world.time().timeout(millis(1), a.ready()).await.is_ok());
    assert!(world.time().timeout(millis(1), a.ready()).await.is_err(), "said once");
    settle(&world).await;
    assert_eq!(take(&mut b).len(), 2);
}

#[mirage::test]
async fn each_condition_does_what_it_says(world: World) {
    const FRAMES: u64 = 2000;
    let all = |conditions| (conditions, 0..=u64::MAX);
    let perfect = Conditions::default;
    for (conditions, expected) in [
        (Conditions { loss: 0.1, ..perfect() }, 1700..=1900),
        (Conditions { duplication: 0.1, ..perfect() }, 2100..=2300),
        (Conditions { reordering: 0.1, ..perfect() }, FRAMES..=FRAMES),
        (Conditions { corruption: 0.1, ..perfect() }, FRAMES..=FRAMES),
        all(Conditions { delay: millis(1)..=millis(50), ..perfect() }),
    ] {
        let (_wire, mut a, mut b) = pair(&world, conditions.clone());
        let to = b.mac();
        let mut packet = [0_u8; 40];
        packet[2..4].copy_from_slice(&40_u16.to_be_bytes());
        let mut came = Vec::new();
        for number in 0..FRAMES {
            packet[20..28].copy_from_slice(&number.to_be_bytes());
            send(&mut a, to, IPV4, &packet);
            world.time().sleep(Duration::from_micros(10)).await;
            came.extend(take(&mut b));
        }
        settle(&world).await;
        came.extend(take(&mut b));
        assert!(expected.contains(&(came.len() as u64)), "{}: {conditions:?}", came.len());
        let counters = b.line().received();
        assert_eq!(counters.frames - counters.lost + counters.duplicated, came.len() as u64, "{counters:?}");
        let number = |frame: &[u8]| u64::from_be_bytes(frame[34..42].try_into().unwrap());
        let is_sorted = came.is_sorted_by_key(|(frame, _)| number(frame));
        assert_eq!(is_sorted, conditions.reordering == 0.0 && conditions.corruption == 0.0, "{conditions:?}");
        assert_eq!(counters.late > 0, conditions.reordering > 0.0);
        assert_eq!(counters.corrupted > 0, conditions.corruption > 0.0);
    }
}

#[mirage::test]
async fn arp_and_ethernet_headers_stay_whole(world: World) {
    let (_wire, mut a, mut b) = pair(&world, Conditions { corruption: 1.0, ..Conditions::default() });
    let (here, there) = (a.mac(), b.mac());
    send(&mut a, there, [0x08, 0x06], &[7; 28]);
    let mut packet = [0; 40];
    packet[3] = 40;
    send(&mut a, there, IPV4, &packet);
    settle(&world).await;
    let frames = take(&mut b);
    assert_eq!(frames[0].0[14..42], [7; 28]);
    assert_eq!(frames[1].0[..14], [&there.0[..], &here.0, &IPV4].concat());
    let flipped: u32 = frames[1].0[14..].iter().zip(&packet).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(flipped, 1);
}

#[mirage::test]
async fn a_rate_has_a_queue_that_loses_its_tail(world: World) {
    // 1000 bytes take 10 ms; of ten frames at once, one is on its way and four wait.
    let conditions = Conditions { rate: Some(100_000), queue: 5000, ..Conditions::after(millis(1)) };
    let (_wire, mut a, mut b) = pair(&world, conditions);
    let (to, begin) = (b.mac(), world.clock().now());
    for number in 0..10 {
        send(&mut a, to, EXPERIMENT, &[number; 986]);
    }
    let mut arrivals = Vec::new();
    while world.time().timeout(millis(100), b.ready()).await.is_ok() {
        let now = world.clock().now().since(begin);
        arrivals.extend(numbers(&mut b).into_iter().map(|number| (number, now)));
    }
    assert_eq!(arrivals, [0, 1, 2, 3, 4].map(|number| (number, millis(10 * u64::from(number) + 11))));
    assert_eq!(b.line().received().overflowed, 5);
}

#[mirage::test]
async fn each_direction_has_conditions_of_its_own(world: World) {
    let (_wire, mut a, mut b) = pair(&world, Conditions::after(millis(1)));
    let (here, there) = (a.mac(), b.mac());
    a.line().sending(Conditions { loss: 1.0, ..Conditions::default() });
    a.line().receiving(Conditions::after(millis(7)));
    send(&mut a, there, EXPERIMENT, b"lost");
    send(&mut b, here, EXPERIMENT, b"late");
    let begin = world.clock().now();
    a.ready().await.unwrap();
    assert_eq!(world.clock().now().since(begin), millis(7));
    settle(&world).await;
    assert_eq!((take(&mut b).len(), a.line().sent().lost), (0, 1));
}

#[mirage::test]
async fn a_cut_line_loses_everything_until_it_is_mended(world: World) {
    let (_wire, mut a, mut b) = pair(&world, Conditions::after(millis(1)));
    let (line, to) = (b.line(), b.mac());
    send(&mut a, to, EXPERIMENT, b"1");
    line.cut();
    send(&mut a, to, EXPERIMENT, b"2");
    settle(&world).await;
    assert_eq!(numbers(&mut b), b"");
    line.mend();
    send(&mut a, to, EXPERIMENT, b"3");
    settle(&world).await;
    assert_eq!(numbers(&mut b), b"3");
}

#[mirage::test]
async fn frames_can_be_picked_to_be_lost(world: World) {
    let (wire, mut a, mut b) = pair(&world, Conditions::default());
    wire.lose(|frame| frame[14] == b'2');
    let to = b.mac();
    [b"1", b"2", b"3"].into_iter().for_each(|number| send(&mut a, to, EXPERIMENT, number));
    settle(&world).await;
    assert_eq!(numbers(&mut b), b"13");
}

/// The folded sum of RFC 1071, written once more to check the device's.
fn sum(parts: &[&[u8]]) -> u16 {
    let sum = parts.concat().chunks(2).fold(0_u32, |sum, pair| {
        let sum = sum + u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
        (sum & 0xffff) + (sum >> 16)
    });
    sum as u16
}

/// A TCP segment over IPv4 (`v6`: over IPv6) as a stack leaves it to a device: the checksum holds the pseudo-header's
/// sum. FIN and PSH are set. Returns it with what is asked for it.
fn segment(v6: bool, payload: &[u8]) -> (Vec<u8>, Offload) {
    let length = (20 + payload.len()) as u16;
    let (a, b) = ([10; 16], [11; 16]);
    let addresses = if v6 { [a, b].concat() } else { [&a[..4], &b[..4]].concat() };
    let mut packet = if v6 {
        [&[0x60, 0, 0, 0], &length.to_be_bytes()[..], &[6, 64]].concat()
    } else {
        [&[0x45, 0], &(length + 20).to_be_bytes()[..], &[0, 9, 0x40, 0, 64, 6, 0, 0]].concat()
    };
    packet.extend_from_slice(&addresses);
    let start = packet.len();
    packet.extend_from_slice(&[0, 80, 0, 81, 0xff, 0xff, 0xff, 0x00, 0, 0, 0, 1, 0x50, 0x19, 1, 0]);
    packet.extend_from_slice(&sum(&[&addresses, &[0, 6], &length.to_be_bytes()]).to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(payload);
    let checksum = Some(Checksum { start: start as u16 + 14, offset: 16 });
    (packet, Offload { checksum, segment: 1000 })
}

/// A large segment, sent over a wire from a port that cuts to one that does what `offloads` says.
async fn cut(world: &World, v6: bool, offloads: Offloads) -> Vec<(Vec<u8>, Received)> {
    let wire = world.wire();
    let (mut a, mut b) = (wire.port_with(EVERYTHING), wire.port_with(offloads));
    let payload: Vec<u8> = (0..3500_u32).map(|n| (n % 253) as u8).collect();
    let (packet, offload) = segment(v6, &payload);
    let ethertype = if v6 { [0x86, 0xdd] } else { IPV4 };
    assert!(a.send(&[&b.mac().0, &a.mac().0, &ethertype, &packet], offload).unwrap());
    a.notify().unwrap();
    settle(world).await;
    take(&mut b)
}

#[mirage::test]
async fn a_device_cuts_segments_and_fills_in_their_checksums(world: World) {
    for (v6, ip) in [(false, 20), (true, 40)] {
        let frames = cut(&world, v6, Offloads::default()).await;
        let lengths: Vec<usize> = frames.iter().map(|(frame, _)| frame.len() - 14 - ip - 20).collect();
        assert_eq!(lengths, [1000, 1000, 1000, 500]);
        let mut sequence = 0xffff_ff00_u32;
        for (number, (frame, _)) in frames.iter().enumerate() {
            let (header, tcp) = frame[14..].split_at(ip);
            let addresses = if v6 { &header[8..] } else { &header[12..] };
            let length = (tcp.len() as u16).to_be_bytes();
            assert_eq!(sum(&[addresses, &[0, 6], &length, tcp]), 0xffff);
            assert!(v6 || sum(&[header]) == 0xffff);
            assert_eq!(tcp[4..8], sequence.to_be_bytes(), "wraps round");
            assert_eq!(tcp[13], if number == 3 { 0x19 } else { 0x10 }, "FIN and PSH on the last only");
            sequence = sequence.wrapping_add(1000);
        }
    }
}

#[mirage::test]
async fn a_device_looks_at_checksums_and_coalesces(world: World) {
    for (v6, ip) in [(false, 20), (true, 40)] {
        let only_checksums = Offloads { checksum: true, ..Offloads::default() };
        let frames = cut(&world, v6, only_checksums).await;
        assert!(frames.iter().all(|(_, received)| *received == Received { checksum: true, segment: 0 }));
        let frames = cut(&world, v6, EVERYTHING).await;
        let lengths: Vec<_> = frames.iter().map(|(frame, is)| (frame.len() - 14 - ip - 20, is.segment)).collect();
        assert_eq!(lengths, [(3000, 1000), (500, 0)], "the last has a FIN and stays alone");
        assert!(frames.iter().all(|(_, received)| received.checksum));
        let payload: Vec<u8> = frames.iter().flat_map(|(frame, _)| frame[14 + ip + 20..].to_vec()).collect();
        assert!(payload.iter().enumerate().all(|(n, &byte)| byte == (n % 253) as u8));
        let total =
            u16::from_be_bytes([frames[0].0[14 + if v6 { 4 } else { 2 }], frames[0].0[15 + if v6 { 4 } else { 2 }]]);
        assert_eq!(usize::from(total), 3020 + if v6 { 0 } else { 20 });
    }
}

#[mirage::test]
async fn a_device_does_not_vouch_for_what_was_corrupted(world: World) {
    let wire = world.wire();
    wire.conditions(Conditions { corruption: 1.0, ..Conditions::default() });
    let (mut a, mut b) = (wire.port_with(EVERYTHING), wire.port_with(EVERYTHING));
    let (packet, offload) = segment(true, &[5; 1000]);
    for _ in 0..50 {
        let offload = Offload { segment: 0, ..offload };
        assert!(a.send(&[&b.mac().0, &a.mac().0, &[0x86, 0xdd], &packet], offload).unwrap());
    }
    a.notify().unwrap();
    settle(&world).await;
    let frames = take(&mut b);
    // Nothing protects version, class, flow and hop limit; a length or a protocol is not always found out here either.
    let vouched = frames.iter().filter(|(_, received)| received.checksum).count();
    assert_eq!((frames.len(), vouched < 5), (50, true), "{vouched}");
}

#[test]
#[should_panic(expected = "a checksum was left to an interface that fills in none")]
fn a_plain_port_refuses_offloads() {
    run(Options { name: "plain", seed: Some(1) }, |world| async move {
        let mut port = world.wire().port();
        let (packet, offload) = segment(false, b"x");
        let frame = [&[0; 12], &IPV4[..], &packet].concat();
        port.send(&[&frame], Offload { segment: 0, ..offload }).unwrap();
        port.notify().unwrap();
    });
}

#[mirage::test]
async fn a_port_that_is_gone_is_unplugged(world: World) {
    let (_wire, mut a, b) = pair(&world, Conditions::default());
    let to = b.mac();
    drop(b);
    send(&mut a, to, EXPERIMENT, b"1");
}

/// When each of many frames arrives in a world of this seed.
fn trace(seed: u64) -> Vec<(u64, u8)> {
    let trace = Rc::default();
    let into: Rc<std::cell::RefCell<Vec<_>>> = Rc::clone(&trace);
    run(Options { name: "trace", seed: Some(seed) }, |world| async move {
        let conditions = Conditions {
            delay: millis(1)..=millis(9),
            loss: 0.1,
            duplication: 0.1,
            reordering: 0.1,
            ..Conditions::default()
        };
        let (_wire, mut a, mut b) = pair(&world, conditions);
        let to = b.mac();
        (0..100).for_each(|number| send(&mut a, to, EXPERIMENT, &[number]));
        while world.time().timeout(millis(100), b.ready()).await.is_ok() {
            let now = world.clock().now().as_nanos();
            into.borrow_mut().extend(numbers(&mut b).into_iter().map(|number| (now, number)));
        }
    });
    trace.take()
}

#[test]
fn one_seed_is_one_run_and_another_seed_another() {
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

#[test]
fn a_capture_is_a_pcap_file_with_the_time_of_the_test() {
    let folder = std::env::temp_dir().join(format!("mirage-test-{}", std::process::id()));
    let path = folder.join("some/wire.pcap");
    let to = path.clone();
    run(Options { name: "capture", seed: Some(1) }, |world| async move {
        let (wire, mut a, b) = pair(&world, Conditions { loss: 1.0, ..Conditions::default() });
        wire.capture(&to);
        world.time().sleep(Duration::from_nanos(1_000_000_007)).await;
        send(&mut a, b.mac(), EXPERIMENT, &[1; 100]);
    });
    let file = std::fs::read(&path).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let fields: Vec<u32> = file[..40].chunks(4).map(|field| u32::from_le_bytes(field.try_into().unwrap())).collect();
    let header = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 65_549, 1];
    assert_eq!((&fields[..6], &fields[6..]), (&header[..], &[1_767_225_601, 7, 114, 114][..]));
    assert_eq!(file.len(), 40 + 114, "kept although it was lost");
}

#[mirage::test]
#[ignore = "fails on purpose, for the test below"]
async fn fails_with_frames_under_way(world: World) {
    let (_wire, mut a, b) = pair(&world, Conditions::default());
    send(&mut a, b.mac(), EXPERIMENT, b"last words");
    panic!("as it should");
}

#[test]
fn a_failing_test_leaves_what_its_wires_saw() {
    let folder = std::env::temp_dir().join(format!("mirage-test-failing-{}", std::process::id()));
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "fails_with_frames_under_way", "--nocapture"])
        .env("MIRAGE_TEST_PCAP", &folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "the wire and the port that sent: {files:?}");
    for file in &files {
        assert!(said.contains(&*file.to_string_lossy()), "{said}");
        assert_eq!(std::fs::read(file).unwrap().len(), 24 + 16 + 60);
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(!output.status.success() && said.contains("MIRAGE_TEST_SEED="), "{said}");
}
