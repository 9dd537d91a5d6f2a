use alloc::rc::Rc;
use alloc::string::ToString as _;
use alloc::vec;
use core::cell::Cell;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::{Clock as _, Received, Spawn as _, Time as _};
use mirage_test::{World, args};
use smoltcp::wire::DhcpMessageType as Type;

use super::super::{Auto, AutoIpv4, Dhcp, DhcpIpv4, Error, Static, StaticIpv4};
use super::server::{ADDRESS, NAMES, Reply, SERVER, said};
use crate::ipv4::{Interface, Network};
use crate::udp::Udp;
use crate::udp::fake::{Ip, MAC};

/// A server that leases one address for a minute, while `alive`.
fn serve(world: &World, ip: &Ip, alive: &Rc<Cell<bool>>) {
    let (ip, time, alive) = (ip.clone(), world.time(), alive.clone());
    world.spawner().spawn(async move {
        loop {
            time.sleep(Duration::from_millis(10)).await;
            let sent = core::mem::take(&mut *ip.sent.borrow_mut());
            for packet in sent {
                assert_eq!(&packet.payload[..4], &[0, 68, 0, 67]);
                let said = said(&packet.payload[8..], MAC);
                let kind = if said.kind == Type::Discover { Type::Offer } else { Type::Ack };
                if alive.get() {
                    let mut bytes = vec![0, 67, 0, 68, 0x02, 0x60, 0, 0];
                    bytes.extend(Reply::new(kind, said.transaction).seconds(51, 60).to(MAC));
                    ip.input(SERVER.into(), Ipv4Addr::BROADCAST.into(), 17, &bytes, Received::default());
                }
            }
        }
    });
}

async fn udp(world: &World, ip: &Ip) -> Udp<Ip, mirage_test::Random> {
    let Ok(udp) = Udp::connect(ip.clone(), world.random()).await;
    udp
}

fn leased() -> Interface {
    Interface { gateway: Some(SERVER), nameservers: vec![NAMES.into()], ..Interface::new(ADDRESS, 24) }
}

#[mirage::test]
async fn dhcp_has_an_address_when_it_is_connected_and_again_after_losing_it(world: World) {
    let (ip, alive) = (Ip::default(), Rc::new(Cell::new(false)));
    serve(&world, &ip, &alive);
    let later = (world.time(), alive.clone());
    world.spawner().spawn(async move {
        later.0.sleep(Duration::from_secs(100)).await;
        later.1.set(true);
    });
    let udp = udp(&world, &ip).await;
    let begun = world.clock().now();
    let connect = Dhcp::connect(
        ip.clone(),
        udp,
        world.clock(),
        world.time(),
        world.random(),
        world.spawner(),
        DhcpIpv4::default(),
    );
    let _dhcp = connect.await.expect("an address");
    assert!(world.clock().now().since(begun) >= Duration::from_secs(100), "it has asked until somebody answered");
    assert_eq!(*ip.configured.borrow(), [Some(leased())]);

    world.time().sleep(Duration::from_secs(3600)).await;
    assert_eq!(ip.configured.borrow().len(), 1, "renewed without a change");

    alive.set(false);
    world.time().sleep(Duration::from_secs(90)).await;
    assert_eq!(ip.configured.borrow()[1..], [None]);
    alive.set(true);
    world.time().sleep(Duration::from_secs(90)).await;
    assert_eq!(ip.configured.borrow()[2..], [Some(leased())]);
}

#[mirage::test]
async fn the_name_servers_told_at_start_come_before_those_of_dhcp(world: World) {
    let (ip, alive) = (Ip::default(), Rc::new(Cell::new(true)));
    serve(&world, &ip, &alive);
    let udp = udp(&world, &ip).await;
    let told = args::<AutoIpv4>("--nameserver 9.9.9.9 --nameserver=2001:db8::53");
    let connect =
        Auto::connect(ip.clone(), udp, world.clock(), world.time(), world.random(), world.spawner(), told).await;
    assert!(connect.is_ok());
    let expected = Interface { nameservers: vec![[9, 9, 9, 9].into(), "2001:db8::53".parse().unwrap()], ..leased() };
    assert_eq!(*ip.configured.borrow(), [Some(expected)]);
}

#[mirage::test]
async fn the_port_of_clients_is_wanted(world: World) {
    let ip = Ip::default();
    let udp = udp(&world, &ip).await;
    let _taken = mirage::Udp::bind(&udp, 68).await;
    let connect =
        Dhcp::connect(ip, udp, world.clock(), world.time(), world.random(), world.spawner(), DhcpIpv4::default()).await;
    assert_eq!(
        connect.err().map(|error| error.to_string()).as_deref(),
        Some("the port of DHCP clients (68) cannot be bound: port 68: already in use")
    );
}

#[mirage::test]
async fn auto_takes_the_address_it_is_told(world: World) {
    let ip = Ip::default();
    let udp = udp(&world, &ip).await;
    let auto = async |line: &str| {
        let (clock, time, random, spawn) = (world.clock(), world.time(), world.random(), world.spawner());
        Auto::connect(ip.clone(), udp.clone(), clock, time, random, spawn, args(line)).await.map(|_| ())
    };
    assert_eq!(auto("--ipv4 10.0.0.42/24 --ipv4-gateway 10.0.0.1 --nameserver 10.0.0.53").await, Ok(()));
    assert_eq!(*ip.configured.borrow(), [Some(leased())]);
    assert!(ip.sent.borrow().is_empty());
    assert_eq!(auto("--ipv4-gateway 10.0.0.1").await, Err(Error::GatewayAlone(SERVER)));
}

#[mirage::test]
async fn static_takes_what_makes_sense(_world: World) {
    let told = async |line: &str| {
        let ip = Ip::default();
        let connected = Static::connect(ip.clone(), args::<StaticIpv4>(line)).await;
        connected.map_err(|error| error.to_string())?;
        Ok::<_, alloc::string::String>(ip.configured.borrow().clone())
    };
    let alone = Interface::new(ADDRESS, 24);
    assert_eq!(told("--ipv4 10.0.0.42/24").await, Ok(vec![Some(alone.clone())]));
    let mut routed = alone;
    routed.routes.add(Network::of(Ipv4Addr::new(10, 1, 0, 0), 16), Ipv4Addr::new(10, 0, 0, 7));
    routed.routes.add(Network::of(Ipv4Addr::new(10, 1, 2, 0), 24), Ipv4Addr::new(10, 0, 0, 8));
    let line = "--ipv4 10.0.0.42/24 --ipv4-route 10.1.0.0/16=10.0.0.7 --ipv4-route=10.1.2.0/24=10.0.0.8";
    assert_eq!(told(line).await, Ok(vec![Some(routed)]));
    for (line, why) in [
        (
            "--ipv4 10.0.0.42/24 --ipv4-gateway 10.0.1.1",
            "`--ipv4-gateway` cannot be `10.0.1.1`: it is outside of the network of `--ipv4 10.0.0.42/24`; give the \
             router's address in that network, or a shorter prefix",
        ),
        (
            "--ipv4 10.0.0.42/24 --ipv4-gateway 10.0.0.42",
            "`--ipv4-gateway` cannot be `10.0.0.42`: that is this host's own address; give the router's, or leave it \
             out",
        ),
        (
            "--ipv4 10.0.0.42/24 --ipv4-route 10.1.0.0/16=10.0.1.7",
            "the router of `--ipv4-route 10.1.0.0/16=10.0.1.7` is no other host of the network of `--ipv4 \
             10.0.0.42/24`: give its address in that network",
        ),
    ] {
        assert_eq!(told(line).await, Err(why.to_string()));
    }
}

#[mirage::test]
#[should_panic(
    expected = "`--ipv4` cannot be `10.0.0.2`: the length of its network's prefix is missing, such as `10.0.0.2/24`"
)]
async fn a_malformed_address_is_named_with_the_fix(_world: World) {
    args::<StaticIpv4>("--ipv4 10.0.0.2");
}
