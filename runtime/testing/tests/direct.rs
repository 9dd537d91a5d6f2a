//! An application on hosts that run Mirage's own stack: with addresses told, of either family, and by DHCP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mirage::io::Write as _;
use mirage::{BufWrite as _, Flow as _, Listener as _, Spawn, Stack, Tcp as _, Time as _};
use mirage_test::{Direct, Layers, World, args, read_to_end};

/// The application: it says to each who connects where from that was.
async fn whoami(stack: impl Stack, spawn: impl Spawn) {
    let mut listener = stack.tcp().listen(80).await.expect("a free port");
    spawn.clone().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            spawn.spawn(async move {
                let from = flow.peer().ip().to_string();
                let (_, mut writer) = flow.split();
                // Who has gone hears nothing.
                let _ = writer.write_all(from.as_bytes()).await;
                let _ = writer.close().await;
            });
        }
    });
}

async fn ask(stack: &Direct, address: IpAddr) -> Option<String> {
    let flow = stack.tcp().connect(SocketAddr::new(address, 80)).await.ok()?;
    let (mut reader, _writer) = flow.split();
    let said = read_to_end(&mut reader).await.ok()?;
    Some(String::from_utf8(said).expect("text"))
}

async fn seconds(world: &World, seconds: u64) {
    world.time().sleep(Duration::from_secs(seconds)).await;
}

#[mirage::test]
async fn addresses_of_either_family(world: World) {
    let wire = world.wire();
    let there = world.direct(wire.port(), "10.0.0.1/24 fd00::1/64").await;
    let here = world.direct(wire.port(), "fd00::2/64").await;
    whoami(there, world.spawner()).await;
    seconds(&world, 3).await;
    assert_eq!(ask(&here, "fd00::1".parse().unwrap()).await.as_deref(), Some("fd00::2"));
    assert_eq!(ask(&here, [10, 0, 0, 1].into()).await, None, "it has no address of IPv4");
}

#[mirage::test]
async fn an_application_on_dhcp(world: World) {
    let wire = world.wire();
    let server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    server.lease(Duration::from_secs(600));
    whoami(world.direct_dhcp(wire.port()).await, world.spawner()).await;
    let (address, here) = (server.leased()[0].into(), world.direct(wire.port(), "10.0.0.2/24").await);
    assert_eq!(ask(&here, address).await.as_deref(), Some("10.0.0.2"));
    // The lease is renewed for as long as there is a server, lost when there is none, and had again.
    seconds(&world, 3000).await;
    assert!(ask(&here, address).await.is_some());
    server.silent(true);
    seconds(&world, 700).await;
    assert!(ask(&here, address).await.is_none());
    server.silent(false);
    seconds(&world, 200).await;
    assert!(ask(&here, address).await.is_some());
    assert_eq!((server.leased().len(), server.declined().len()), (1, 0));
}

#[mirage::test]
async fn what_is_told_besides_dhcp(world: World) {
    let wire = world.wire();
    let _server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    let told = args("--ipv6 fd00::5/64 --nameserver fd00::53 --ipv4-route 10.9.0.0/16=10.0.0.7");
    let here = world.direct_told(wire.port(), told).await;
    assert_eq!(here.nameservers(), ["fd00::53".parse::<IpAddr>().unwrap()]);
    seconds(&world, 3).await;
    let there = world.direct(wire.port(), "fd00::6/64").await;
    whoami(there, world.spawner()).await;
    seconds(&world, 3).await;
    assert_eq!(ask(&here, "fd00::6".parse().unwrap()).await.as_deref(), Some("fd00::5"));
}

#[mirage::test]
async fn layers_without_an_address(world: World) {
    use mirage::Ip as _;
    let Layers { ipv4, ip, .. } = world.layers(world.wire().port()).await;
    assert!(ipv4.route([10, 0, 0, 1].into()).is_err());
    assert!(ip.route("fe80::1".parse().unwrap()).is_ok(), "IPv6 forms one by itself");
    let ip = world.direct_ip(world.wire().port(), "10.0.0.1/24").await;
    assert_eq!(
        ip.route([10, 0, 0, 2].into()).map(|route| (route.source, route.prefix)),
        Ok(([10, 0, 0, 1].into(), 24))
    );
}
