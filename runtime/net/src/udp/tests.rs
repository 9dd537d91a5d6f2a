use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use mirage::rand_core::Rng as _;
use mirage::{Offloads, Received, Refused, Spawn as _, Time as _, Udp as _, UdpSocket as _, Why};
use mirage_test::World;
use smoltcp::wire::{IpAddress, UdpPacket};

use super::Udp;
use super::fake::{Ip, V4, V6};
use crate::Error;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CHECKED: Received = Received { checksum: false, segment: 0 };

async fn layer(world: &World) -> (Ip, Udp<Ip, mirage_test::Random>) {
    let ip = Ip::default();
    let Ok(udp) = Udp::connect(ip.clone(), world.random()).await;
    (ip, udp)
}

/// A datagram with a good checksum, made by smoltcp.
fn datagram(source: IpAddr, destination: IpAddr, ports: (u16, u16), data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8 + data.len()];
    let mut packet = UdpPacket::new_unchecked(&mut bytes);
    packet.set_src_port(ports.0);
    packet.set_dst_port(ports.1);
    packet.set_len(8 + data.len() as u16);
    packet.payload_mut().copy_from_slice(data);
    packet.fill_checksum(&source.into(), &destination.into());
    bytes
}

#[mirage::test]
async fn a_datagram_goes_out_with_a_checksum(world: World) {
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(5000).await.expect("free");
    for (peer, local, data) in [
        (PEER, IpAddr::from(V4), &b"odd"[..]),
        ("fd00::1".parse().expect("an address"), V6.into(), b"even"),
        (PEER, V4.into(), b""),
    ] {
        socket.send(data, (peer, 53).into()).await.expect("sent");
        let sent = ip.sent.borrow_mut().pop().expect("a packet");
        assert_eq!((sent.header.source, sent.header.destination, sent.header.protocol), (local, peer, 17));
        assert!(!sent.header.whole && sent.offload.checksum.is_none());
        let packet = UdpPacket::new_checked(&sent.payload[..]).expect("well-formed");
        assert_eq!((packet.src_port(), packet.dst_port(), packet.payload()), (5000, 53, data));
        assert!(packet.checksum() != 0 && packet.verify_checksum(&local.into(), &peer.into()));
    }
}

#[mirage::test]
async fn a_device_fills_in_the_checksum_of_a_datagram_that_is_not_fragmented(world: World) {
    let (ip, udp) = layer(&world).await;
    ip.offloads.set(Offloads { checksum: true, ..Offloads::default() });
    let socket = udp.bind(5000).await.expect("free");
    socket.send(&[1; 1472], (PEER, 53).into()).await.expect("sent");
    let sent = ip.sent.borrow_mut().pop().expect("a packet");
    let checksum = sent.offload.checksum.expect("left to the device");
    assert_eq!((checksum.start, checksum.offset), (0, 6));
    let packet = UdpPacket::new_checked(&sent.payload[..]).expect("well-formed");
    assert!(packet.verify_partial_checksum(&IpAddress::from(V4), &PEER.into()));

    socket.send(&[1; 1473], (PEER, 53).into()).await.expect("sent");
    let sent = ip.sent.borrow_mut().pop().expect("a packet");
    assert!(sent.offload.checksum.is_none(), "nobody sums up fragments");
    let packet = UdpPacket::new_checked(&sent.payload[..]).expect("well-formed");
    assert!(packet.verify_checksum(&IpAddress::from(V4), &PEER.into()));
}

#[mirage::test]
async fn what_is_too_large_is_refused(world: World) {
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(0).await.expect("a port");
    let data = vec![0; 65_528];
    let v6 = SocketAddr::from((V6, 9));
    assert_eq!(socket.send(&data[..65_508], (PEER, 9).into()).await, Err(Error::Send(Refused::TooLarge)));
    assert_eq!(socket.send(&data[..65_528], v6).await, Err(Error::Send(Refused::TooLarge)));
    assert_eq!(socket.send(&data[..65_507], (PEER, 9).into()).await, Ok(()));
    assert_eq!(socket.send(&data[..65_527], v6).await, Ok(()));
    assert_eq!(ip.sent.borrow().len(), 2);
}

#[mirage::test]
async fn a_datagram_reaches_the_socket_of_its_port_and_no_other(world: World) {
    let (ip, udp) = layer(&world).await;
    let (one, two) = (udp.bind(1000).await.expect("free"), udp.bind(2000).await.expect("free"));
    let socket_two = world.spawner();
    socket_two.spawn({
        let (ip, time) = (ip.clone(), world.time());
        async move {
            time.sleep(Duration::from_secs(1)).await;
            ip.input(PEER, V4.into(), 17, &datagram(PEER, V4.into(), (7, 2000), b"two"), CHECKED);
            ip.input(PEER, V4.into(), 17, &datagram(PEER, V4.into(), (7, 1000), b"one"), CHECKED);
            ip.input(PEER, V4.into(), 17, &datagram(PEER, V4.into(), (7, 3000), b"nobody"), CHECKED);
        }
    });
    let mut buffer = [0; 16];
    assert_eq!(one.receive(&mut buffer).await, Ok((3, (PEER, 7).into())));
    assert_eq!(&buffer[..3], b"one");
    assert_eq!(two.receive(&mut buffer).await, Ok((3, (PEER, 7).into())));
    assert_eq!(&buffer[..3], b"two");
    assert_eq!(udp.counters(), super::Counters { delivered: 2, unclaimed: 1, ..Default::default() });
    assert_eq!(*ip.refused.borrow(), [PEER], "RFC 1122, section 4.1.3.1");
}

#[mirage::test]
async fn a_checksum_may_be_absent_over_ipv4_only(world: World) {
    // RFC 768; RFC 8200, section 8.1.
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(1000).await.expect("free");
    let v6: IpAddr = "fd00::1".parse().expect("an address");
    let mut bytes = datagram(v6, V6.into(), (7, 1000), b"six");
    bytes[6..8].fill(0);
    ip.input(v6, V6.into(), 17, &bytes, CHECKED);
    ip.input(PEER, V4.into(), 17, &bytes, CHECKED);
    let mut buffer = [0; 16];
    assert_eq!(socket.receive(&mut buffer).await, Ok((3, (PEER, 7).into())));
    assert_eq!(udp.counters().malformed, 1);
}

#[mirage::test]
async fn a_wrong_checksum_counts_unless_the_device_has_looked(world: World) {
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(1000).await.expect("free");
    let mut bytes = datagram(PEER, V4.into(), (7, 1000), b"data");
    bytes[9] ^= 1;
    ip.input(PEER, V4.into(), 17, &bytes, CHECKED);
    assert_eq!(udp.counters().malformed, 1);
    ip.input(PEER, V4.into(), 17, &bytes, Received { checksum: true, segment: 0 });
    assert_eq!(socket.receive(&mut [0; 9]).await, Ok((4, (PEER, 7).into())));
}

#[mirage::test]
async fn bytes_after_the_datagram_are_not_part_of_it_and_none_may_be_missing(world: World) {
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(1000).await.expect("free");
    let mut bytes = datagram(PEER, V4.into(), (7, 1000), b"data");
    for short in 0..bytes.len() {
        ip.input(PEER, V4.into(), 17, &bytes[..short], CHECKED);
    }
    assert_eq!(udp.counters().malformed, 12);
    bytes.extend([0; 10]);
    ip.input(PEER, V4.into(), 17, &bytes, CHECKED);
    assert_eq!(socket.receive(&mut [0; 9]).await, Ok((4, (PEER, 7).into())));
}

#[mirage::test]
async fn a_port_is_bound_once_and_free_when_dropped(world: World) {
    let (_ip, udp) = layer(&world).await;
    let socket = udp.bind(1000).await.expect("free");
    assert_eq!(udp.bind(1000).await.err(), Some(Error::InUse(1000)));
    drop(socket);
    assert!(udp.bind(1000).await.is_ok());
}

#[mirage::test]
async fn ports_nobody_asked_for_are_random_and_different(world: World) {
    // RFC 6056, section 3.
    let (_ip, udp) = layer(&world).await;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(udp.bind(0).await.expect("a port"));
    }
    let mut ports: Vec<_> = sockets.iter().map(|socket| socket.port()).collect();
    assert!(ports.iter().all(|port| super::layer::DYNAMIC.contains(port)));
    assert!(ports.windows(2).any(|pair| pair[1] < pair[0]), "{ports:?}");
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 100);
}

#[mirage::test]
async fn every_port_is_found_and_then_none_is_left(world: World) {
    let (_ip, udp) = layer(&world).await;
    let mut sockets = Vec::new();
    for port in 32768..=65535 {
        if port != 40_000 {
            sockets.push(udp.bind(port).await.expect("free"));
        }
    }
    let last = udp.bind(0).await.expect("one is left");
    assert_eq!(last.port(), 40_000);
    assert_eq!(udp.bind(0).await.err(), Some(Error::NoPort));
}

#[mirage::test]
async fn a_refused_datagram_is_reported_once_to_who_asks_one_peer(world: World) {
    // RFC 1122, section 4.1.3.3.
    let (ip, udp) = layer(&world).await;
    let socket = udp.bind(0).await.expect("a port");
    socket.send(b"anybody?", (PEER, 9).into()).await.expect("sent");
    let sent = ip.sent.borrow()[0].clone();
    ip.report(&sent, Why::Unreachable);
    ip.report(&sent, Why::Refused);
    assert_eq!(socket.receive(&mut [0; 9]).await, Err(Error::ConnectionRefused));
    socket.send(b"again", (PEER, 9).into()).await.expect("the socket stays usable");
    ip.report(&sent, Why::Refused);
    assert_eq!(socket.send(b"again", (PEER, 9).into()).await, Err(Error::ConnectionRefused));
    socket.send(b"and again", (PEER, 9).into()).await.expect("the socket stays usable");
}

#[mirage::test]
async fn a_server_is_not_disturbed_by_clients_that_are_gone(world: World) {
    let (ip, udp) = layer(&world).await;
    let server = udp.bind(53).await.expect("free");
    ip.input(PEER, V4.into(), 17, &datagram(PEER, V4.into(), (7, 53), b"?"), CHECKED);
    let mut buffer = [0; 9];
    let (_, client) = server.receive(&mut buffer).await.expect("a datagram");
    server.send(b"!", client).await.expect("sent");
    let sent = ip.sent.borrow()[0].clone();
    ip.report(&sent, Why::Refused);
    server.send(b"!", client).await.expect("sent");
}

#[mirage::test]
async fn a_full_interface_is_waited_for_but_not_for_ever(world: World) {
    let (ip, udp) = layer(&world).await;
    let rounds = world.spawner();
    rounds.spawn({
        let (ip, time) = (ip.clone(), world.time());
        async move {
            loop {
                time.sleep(Duration::from_millis(1)).await;
                ip.round();
            }
        }
    });
    let socket = udp.bind(0).await.expect("a port");
    ip.full.set(3);
    assert_eq!(socket.send(b"patient", (PEER, 9).into()).await, Ok(()));
    assert_eq!(ip.woken.get(), 3);
    ip.full.set(1000);
    assert_eq!(socket.send(b"lost", (PEER, 9).into()).await, Err(Error::Send(Refused::Full)));
}

#[mirage::test]
async fn two_tasks_may_wait_on_one_socket(world: World) {
    let (ip, udp) = layer(&world).await;
    let socket = alloc::rc::Rc::new(udp.bind(1000).await.expect("free"));
    let got = alloc::rc::Rc::new(core::cell::Cell::new(0));
    for _ in 0..2 {
        let (socket, got) = (socket.clone(), got.clone());
        world.spawner().spawn(async move {
            socket.receive(&mut [0; 9]).await.expect("a datagram");
            got.set(got.get() + 1);
        });
    }
    world.time().sleep(Duration::from_secs(1)).await;
    for data in [b"1", b"2"] {
        ip.input(PEER, V4.into(), 17, &datagram(PEER, V4.into(), (7, 1000), data), CHECKED);
    }
    world.time().sleep(Duration::from_secs(1)).await;
    assert_eq!(got.get(), 2);
}

#[mirage::test]
async fn no_bytes_whatever_do_any_harm(world: World) {
    let (ip, udp) = layer(&world).await;
    let _socket = udp.bind(1000).await.expect("free");
    let mut random = world.random();
    for _ in 0..10_000 {
        let mut bytes = vec![0; (random.next_u32() % 64) as usize];
        random.fill_bytes(&mut bytes);
        let received = Received { checksum: random.next_u32() & 1 == 0, segment: 0 };
        ip.input(PEER, V4.into(), 17, &bytes, received);
        ip.input(V6.into(), V6.into(), 17, &bytes, received);
        ip.input(PEER, V6.into(), 17, &bytes, received);
    }
    assert!(udp.counters().malformed > 0);
}
