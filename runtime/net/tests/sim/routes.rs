//! Networks behind routers, paths that take less, and hosts with several interfaces.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mirage::io::Write as _;
use mirage::{BufWrite as _, Flow as _, Listener as _, Spawn as _, Stack, Tcp, Udp as _, UdpSocket as _};
use mirage::{Ip as _, Offloads, Refused, Time as _};
use mirage_net::ipv4::{Configure as _, Interface, Network};
use mirage_net::{Joined, Udp};
use mirage_test::{World, args, read_to_end};

use crate::exchange::pattern;
use crate::router;

/// Whoever connects to port 80 gets back what it sends.
async fn echo(world: &World, tcp: &impl Tcp) {
    let mut listener = tcp.listen(80).await.expect("a free port");
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            let (mut reader, mut writer) = flow.split();
            let all = read_to_end(&mut reader).await.expect("all of it");
            writer.write_all(&all).await.expect("sent");
            writer.close().await.expect("closed");
        }
    });
}

/// Sends this much to a host and has it back; from where it was sent.
async fn there_and_back(tcp: &impl Tcp, to: IpAddr, length: usize) -> IpAddr {
    let flow = tcp.connect((to, 80).into()).await.expect("a connection");
    let (from, sent) = (flow.local().ip(), pattern(length));
    let (mut reader, mut writer) = flow.split();
    writer.write_all(&sent).await.expect("sent");
    writer.close().await.expect("closed");
    assert!(read_to_end(&mut reader).await.expect("all of it") == sent, "{to}");
    from
}

/// RFC 1191 and RFC 8201: a router in between takes less than the links of both hosts, and says so. Routes that were told
/// lead there.
#[mirage::test]
async fn rfc_1191_and_rfc_8201_a_router_that_takes_less(world: World) {
    let (near, far) = (world.wire(), world.wire());
    let did = router::start(&world, near.port(), far.port(), 1300);
    let line = |side: u8, other: u8| {
        let (four, six) = router::address(side);
        args(&format!(
            "--ipv4 10.0.{side}.1/24 --ipv4-route 10.0.{other}.0/24={four} --ipv6 fd00:{side}::1/64 \
             --ipv6-route fd00:{other}::/32={six}"
        ))
    };
    let here = world.direct_told(near.port(), line(0, 1)).await;
    let there = world.direct_told(far.port(), line(1, 0)).await;
    echo(&world, there.tcp()).await;
    world.time().sleep(Duration::from_secs(5)).await;
    for to in [IpAddr::from([10, 0, 1, 1]), "fd00:1::1".parse().unwrap()] {
        let refused = did.refused.replace(0);
        assert_eq!(refused, 0);
        there_and_back(here.tcp(), to, 200_000).await;
        // Each end finds out once: what was on its way by then is refused too, and nothing after that.
        assert!((2..60).contains(&did.refused.get()), "{to}: {} were too large", did.refused.get());
        assert_eq!(did.largest.replace(0), 1300, "{to}: all of what fits is used");
        did.refused.set(0);
    }
    let nowhere = here.tcp().connect(([10, 7, 0, 1], 80).into()).await.err().expect("no route leads there");
    assert_eq!(nowhere, mirage_net::Error::Send(Refused::NoRoute));
}

/// One stack over two interfaces: connections leave by the one that leads there, from its address.
#[mirage::test]
async fn rfc_1122_3_3_4_2_a_host_with_two_interfaces(world: World) {
    let (lan, dmz, beyond) = (world.wire(), world.wire(), world.wire());
    let router = router::start(&world, dmz.port(), beyond.port(), 1500);
    let first = world.layers(lan.port()).await;
    // What this one can do, the other cannot: neither is to be asked for it on account of the other.
    let able = Offloads { checksum: true, segment_v4: true, segment_v6: true };
    let second = world.layers(dmz.port_with(able)).await;
    first
        .ipv4
        .configure(Some(Interface { gateway: Some([192, 168, 0, 9].into()), ..Interface::new([192, 168, 0, 1], 24) }));
    let (by, _) = router::address(0);
    let mut interface = Interface::new([10, 0, 0, 1], 24);
    interface.routes.add(Network::of(std::net::Ipv4Addr::new(10, 0, 1, 0), 24), by);
    second.ipv4.configure(Some(interface));
    second.ipv6.configure("fd00::1".parse().unwrap(), 64, None);
    let ip = Joined::connect(first.ip, second.ip).await.unwrap();
    let tcp = mirage_net::Tcp::connect(ip.clone(), world.clock(), world.random()).await.unwrap();
    let udp = Udp::connect(ip.clone(), world.random()).await.unwrap();
    let near = world.direct(lan.port(), "192.168.0.2/24").await;
    let there = world.direct(dmz.port(), "10.0.0.2/24 fd00::2/64").await;
    let told = args("--ipv4 10.0.1.2/24 --ipv4-gateway 10.0.1.254");
    let far = world.direct_told(beyond.port(), told).await;
    for stack in [&near, &there, &far] {
        echo(&world, stack.tcp()).await;
    }
    echo(&world, &tcp).await;
    world.time().sleep(Duration::from_secs(5)).await;
    let own: [IpAddr; 3] = [[192, 168, 0, 1].into(), [10, 0, 0, 1].into(), "fd00::1".parse().unwrap()];
    for (to, from) in [
        ([192, 168, 0, 2].into(), own[0]),
        ([10, 0, 0, 2].into(), own[1]),
        // A route to a network, though the other interface has a router to everywhere.
        ([10, 0, 1, 2].into(), own[1]),
        ("fd00::2".parse().unwrap(), own[2]),
    ] {
        assert_eq!(there_and_back(&tcp, to, 30_000).await, from, "{to}");
    }
    assert!(router.forwarded.get() > 20);
    // It listens on both.
    for (stack, to) in [(&near, own[0]), (&there, own[1]), (&there, own[2]), (&far, own[1])] {
        there_and_back(stack.tcp(), to, 30_000).await;
    }
    // The strong model: the address of one interface is not that of the other.
    world.time().sleep(Duration::from_secs(1)).await;
    let told = args("--ipv4 192.168.0.3/24 --ipv4-route 10.0.0.0/24=192.168.0.1");
    let astray = world.direct_told(lan.port(), told).await;
    assert!(astray.tcp().connect((own[1], 80).into()).await.is_err(), "nothing is forwarded");
    assert_eq!(ip.route(own[1]).map(|_| ()), Err(Refused::NoRoute), "nor sent to oneself by the other router");
    // Datagrams go the same ways.
    let socket = udp.bind(53).await.unwrap();
    for (stack, from) in [(&near, own[0]), (&there, own[1]), (&far, own[1])] {
        let asking = stack.udp().bind(0).await.unwrap();
        asking.send(b"who?", (from, 53).into()).await.unwrap();
        let (_, peer) = socket.receive(&mut [0; 9]).await.unwrap();
        socket.send(b"me", peer).await.unwrap();
        let (length, said) = asking.receive(&mut [0; 9]).await.unwrap();
        assert_eq!((length, said), (2, SocketAddr::from((from, 53))));
    }
}

/// An answer leaves by the interface it was asked through, and is what that one can carry, though the route to who asked
/// is the other's.
#[mirage::test]
async fn rfc_1122_3_3_4_2_answers_go_back_where_they_were_asked(world: World) {
    let (lan, dmz, beyond) = (world.wire(), world.wire(), world.wire());
    router::start(&world, dmz.port(), beyond.port(), 1500);
    let able = Offloads { checksum: true, segment_v4: true, segment_v6: true };
    let (first, second) = (world.layers(lan.port_with(able)).await, world.layers(dmz.port()).await);
    let (by, _) = router::address(0);
    let behind = Network::of(std::net::Ipv4Addr::new(10, 0, 1, 0), 24);
    let mut interface = Interface::new([192, 168, 0, 1], 24);
    interface.routes.add(behind, [192, 168, 0, 9].into());
    first.ipv4.configure(Some(interface));
    second.ipv4.configure(Some(Interface { gateway: Some(by), ..Interface::new([10, 0, 0, 1], 24) }));
    let ip = Joined::connect(first.ip, second.ip).await.unwrap();
    let tcp = mirage_net::Tcp::connect(ip, world.clock(), world.random()).await.unwrap();
    let far = world.direct_told(beyond.port(), args("--ipv4 10.0.1.2/24 --ipv4-gateway 10.0.1.254")).await;
    echo(&world, &tcp).await;
    world.time().sleep(Duration::from_secs(5)).await;
    there_and_back(far.tcp(), [10, 0, 0, 1].into(), 300_000).await;
}
