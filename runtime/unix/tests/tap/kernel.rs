//! Frames to and from the kernel.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use mirage::args::Microseconds;
use mirage::io::Error as _;
use mirage::{Network as _, Offload, Time as _};
use mirage_unix::{Platform, Tap, Time};

use super::frames::{Host, OURS, THEIRS, segment};
use super::{interface, ip, open};

const UDP: u8 = 17;
const TCP: u8 = 6;

async fn host(platform: &Platform, name: &str) -> Host {
    let tap = open(platform, name).await.expect("a tap device");
    addressed(name);
    Host::new(tap)
}

fn addressed(name: &str) {
    ip(&format!("address add 10.9.8.1/24 dev {name}"));
}

pub async fn datagrams_go_both_ways_with_checksums_left_to_the_kernel(platform: &Platform) {
    let mut host = host(platform, "udp0").await;
    let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    socket.send_to(b"question", (Ipv4Addr::from(OURS), 7000)).expect("a route");
    let packet = host.packet().await;
    assert_eq!((packet.protocol, &packet.payload[8..]), (UDP, &b"question"[..]));
    assert!(packet.received.checksum, "it never left the host");
    assert_eq!(packet.received.segment, 0);
    let reply = [&packet.payload[2..4], &packet.payload[..2], &[0, 14, 0, 0], b"answer"].concat();
    host.send(UDP, &reply, 6, 0);
    let mut buffer = [0; 64];
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    let (length, from) = socket.recv_from(&mut buffer).expect("the kernel found its checksum good");
    assert_eq!((&buffer[..length], from), (&b"answer"[..], (Ipv4Addr::from(OURS), 7000).into()));
}

pub async fn segments_are_cut_and_put_together_by_the_kernel(platform: &Platform) {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    let mut host = host(platform, "tcp0").await;
    let listener = TcpListener::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    // The neighbour is learnt by having the kernel ask for us.
    let knock = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    knock.send_to(b"", (Ipv4Addr::from(OURS), 7)).expect("a route");
    assert_eq!(host.packet().await.protocol, UDP);

    host.send(TCP, &segment(port, 999, 0, SYN, &[2, 4, 5, 0xb4], &[]), 16, 0);
    let number = |packet: &[u8], at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().expect("four bytes"));
    let opened = host.packet().await;
    assert_eq!((number(&opened.payload, 8), opened.payload[13]), (1000, SYN | ACK));
    let first = number(&opened.payload, 4).wrapping_add(1);
    // Forty segments in one frame.
    let sent: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
    host.send(TCP, &segment(port, 1000, first, ACK, &[], &sent), 16, 1000);
    let (mut stream, _) = listener.accept().expect("the handshake is complete");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    let mut received = vec![0; sent.len()];
    stream.read_exact(&mut received).expect("the kernel found its checksum good");
    assert!(received == sent);

    stream.write_all(&sent[..10_000]).expect("room");
    let (mut received, mut coalesced) = (vec![], 0);
    while received.len() < 10_000 {
        let packet = host.packet().await;
        let header = usize::from(packet.payload[12] >> 4) * 4;
        received.extend_from_slice(&packet.payload[header..]);
        if packet.received.segment != 0 {
            assert_eq!(packet.received.segment, 1460, "as the SYN has said");
            assert!(packet.received.checksum && packet.payload.len() > 20 + 1460);
            coalesced += 1;
        }
    }
    assert!(received == sent[..10_000] && coalesced > 0, "{coalesced} frames of several segments");
}

pub async fn without_offloads_frames_are_as_a_wire_carries_them(platform: &Platform) {
    let arguments = mirage::args::Interface { no_offloads: true, ..interface("plain0") };
    let tap = Tap::connect(platform, arguments).await.expect("a tap device");
    assert_eq!(tap.offloads(), mirage::Offloads::default());
    addressed("plain0");
    let mut host = Host::new(tap);
    let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    socket.send_to(b"question", (Ipv4Addr::from(OURS), 7000)).expect("a route");
    let packet = host.packet().await;
    assert_eq!((&packet.payload[8..], packet.received), (&b"question"[..], mirage::Received::default()));
    // RFC 768, over the pseudo-header: with the checksum in it, all adds up to ones.
    let pseudo = [&THEIRS[..], &OURS, &[0, UDP, 0, 16]].concat();
    let words = [&pseudo[..], &packet.payload].concat();
    let words = words.as_chunks::<2>().0.iter().map(|&word| u32::from(u16::from_be_bytes(word)));
    let sum = words.sum::<u32>();
    assert_eq!((sum >> 16) + (sum & 0xffff), 0xffff);
}

pub async fn a_batch_has_no_more_frames_than_were_asked_for(platform: &Platform) {
    let mut host = host(platform, "batch0").await;
    let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    let to = (Ipv4Addr::from(OURS), 7000);
    socket.send_to(b"first", to).expect("a route");
    host.packet().await;
    for _ in 0..10 {
        socket.send_to(b"next", to).expect("a route");
    }
    let mut frames = 0;
    let mut take = |most| {
        let count = host.tap.receive(most, &mut |_, _| frames += 1).expect("the device is there");
        assert!(count <= most);
        count
    };
    assert_eq!((take(0), take(3)), (0, 3));
    while take(4) == 4 {}
    assert!(frames >= 10, "{frames}");
    assert_eq!(host.tap.receive(1, &mut |_, _| ()).expect("the device is there"), 0);
}

pub async fn an_interface_that_is_down_loses_frames_and_works_again_when_it_is_up(platform: &Platform) {
    let mut host = host(platform, "down1").await;
    ip("link set dev down1 down");
    assert!(host.tap.send(&[&[0xff; 60]], Offload::default()).expect("the device is there"), "lost, as on a cable");
    assert!(host.tap.send(&[&[0xff; 3]], Offload::default()).expect("the device is there"), "and no frame at all");
    // What the kernel had said before it went down may still be there; nothing comes after that.
    while host.tap.receive(64, &mut |_, _| ()).expect("the device is there") > 0 {}
    assert_eq!(host.tap.receive(1, &mut |_, _| ()).expect("the device is there"), 0);
    ip("link set dev down1 up");
    let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    socket.send_to(b"again", (Ipv4Addr::from(OURS), 7000)).expect("a route");
    assert_eq!(host.packet().await.payload[8..], *b"again");
    assert!(host.tap.send(&[&[0xff; 3]], Offload::default()).expect("the device is there"), "no frame, no end");
}

pub async fn an_interface_that_is_deleted_is_gone(platform: &Platform) {
    let mut tap = open(platform, "gone0").await.expect("a tap device");
    let time = Time::connect(platform).await.expect("time");
    // Until what the kernel says on its own has been taken.
    while time.timeout(Duration::from_millis(20), tap.ready()).await.is_ok() {
        tap.receive(64, &mut |_, _| ()).expect("the device is there");
    }
    ip("link del dev gone0");
    tap.ready().await.expect("there is something to find out");
    let error = tap.receive(1, &mut |_, _| ()).expect_err("it is gone");
    assert_eq!(error.kind(), mirage::io::ErrorKind::Other, "{error}");
    tap.send(&[&[0xff; 60]], Offload::default()).expect_err("it is gone");
}

pub async fn what_was_seen_is_recorded(platform: &Platform) {
    let file = std::env::temp_dir().join(format!("mirage-tap-{}.pcap", std::process::id()));
    let pcap = Some(file.to_str().expect("a name of text").to_owned());
    let tap = Tap::connect(platform, mirage::args::Interface { pcap, ..interface("pcap0") }).await;
    addressed("pcap0");
    let mut host = Host::new(tap.expect("a tap device"));
    let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
    socket.send_to(b"recorded question", (Ipv4Addr::from(OURS), 7000)).expect("a route");
    host.packet().await;
    host.send(UDP, &[&[0, 7, 0, 7, 0, 23, 0, 0], &b"recorded answer"[..]].concat(), 6, 0);
    let time = Time::connect(platform).await.expect("time");
    // It is handed over as soon as there is nothing to do.
    while time.timeout(Duration::from_millis(20), host.tap.ready()).await.is_ok() {
        host.tap.receive(64, &mut |_, _| ()).expect("the device is there");
    }
    let recorded = std::fs::read(&file).expect("a file");
    std::fs::remove_file(&file).expect("a file");
    let mut rest = &recorded[24..];
    let mut frames = vec![];
    while let [header, ..] = rest.as_chunks::<16>().0 {
        let length = u32::from_ne_bytes(header[8..12].try_into().expect("four bytes")) as usize;
        frames.push(&rest[16..16 + length]);
        rest = &rest[16 + length..];
    }
    let at = |text: &[u8]| frames.iter().position(|frame| frame.ends_with(text)).expect("it was recorded");
    assert!(at(b"recorded question") < at(b"recorded answer"));
}

pub async fn after_a_frame_the_loop_looks_on_for_as_long_as_it_is_told(platform: &Platform) {
    let time = Time::connect(platform).await.expect("time");
    let busy = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::try_from(time).expect("a time")
    };
    let mut used = vec![];
    for (name, poll) in [("poll0", Duration::ZERO), ("poll1", Duration::from_millis(400))] {
        let arguments = mirage::args::Interface { poll: Microseconds(poll), ..interface(name) };
        let tap = Tap::connect(platform, arguments).await.expect("a tap device");
        addressed(name);
        let mut host = Host::new(tap);
        let socket = UdpSocket::bind((Ipv4Addr::from(THEIRS), 0)).expect("a free port");
        socket.send_to(b"frame", (Ipv4Addr::from(OURS), 7000)).expect("a route");
        host.packet().await;
        let begin = busy();
        time.sleep(Duration::from_millis(500)).await;
        used.push(busy() - begin);
    }
    assert!(used[0] < Duration::from_millis(20) && used[1] > Duration::from_millis(40), "{used:?}");
}
