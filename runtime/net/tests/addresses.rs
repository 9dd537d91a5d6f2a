//! Addresses and names on the whole stack, from the frames up: a DHCP server, a closed port, a name server.

extern crate alloc;

#[allow(dead_code, reason = "the client's own tests use the rest")]
#[path = "../src/dhcp/tests/server.rs"]
mod server;

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use mirage::args::DhcpIpv4;
use mirage::{Ip as _, MacAddress, Resolver as _, Spawn as _, Stack as _, Time as _, Udp as _, UdpSocket as _};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_net::{Arp, Dhcp, Direct, Error, Ethernet, Ipv4, Resolver, Tcp, Udp};
use mirage_test::{Clock, Port, Random, Spawner, Time, Wire, World};
use server::{ADDRESS, Reply, SERVER, said};
use smoltcp::wire::DhcpMessageType as Type;

type Link = Ethernet<Port, Clock, Time, Spawner>;
type Ip = Ipv4<Link, Arp<Link, Clock, Random>, Clock, Random>;

/// IPv4 and UDP on a wire, without an address.
async fn layers(world: &World, wire: &Wire) -> (Ip, Udp<Ip, Random>) {
    let (clock, time, random, spawn) = (world.clock(), world.time(), world.random(), world.spawner());
    let ethernet = Ethernet::connect(wire.port(), clock.clone(), time, spawn).await.expect("Ethernet");
    let arp = Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await.expect("ARP");
    let ip = Ipv4::connect(ethernet, arp, clock, random.clone()).await.expect("IPv4");
    let udp = Udp::connect(ip.clone(), random).await.expect("UDP");
    (ip, udp)
}

/// The same at the server's address.
async fn server_layers(world: &World, wire: &Wire) -> (Ip, Udp<Ip, Random>) {
    let (ip, udp) = layers(world, wire).await;
    ip.configure(Some(Interface::new(SERVER, 24)));
    (ip, udp)
}

/// What a DHCP server was asked: how often by an address it leases, and how often by a host without one.
#[derive(Default)]
struct Asked {
    alive: Cell<bool>,
    renewed: Cell<usize>,
    requested: Cell<usize>,
}

/// Leases one address for two minutes, while it is alive.
async fn serve(world: &World, udp: &Udp<Ip, Random>, mac: MacAddress) -> Rc<Asked> {
    let asked = Rc::new(Asked::default());
    asked.alive.set(true);
    let (socket, told) = (udp.bind(67).await.expect("free"), asked.clone());
    world.spawner().spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            let (length, from) = socket.receive(&mut buffer).await.expect("a message");
            let said = said(&buffer[..length], mac);
            assert_eq!((from.port(), from.ip()), (68, said.address.into()), "0.0.0.0 or its address");
            let kind = if said.kind == Type::Discover { Type::Offer } else { Type::Ack };
            let reply = Reply::new(kind, said.transaction).seconds(51, 120).with(6, &SERVER.octets());
            let (count, to) = match said.broadcast {
                true => (&told.requested, Ipv4Addr::BROADCAST),
                false => (&told.renewed, said.address),
            };
            if told.alive.get() {
                count.set(count.get() + 1);
                socket.send(&reply.to(mac), (to, 68).into()).await.expect("sent");
            }
        }
    });
    asked
}

async fn dhcp(world: &World, ip: &Ip, udp: &Udp<Ip, Random>) -> impl Clone + 'static {
    let (clock, time, random, spawn) = (world.clock(), world.time(), world.random(), world.spawner());
    Dhcp::connect(ip.clone(), udp.clone(), clock, time, random, spawn, DhcpIpv4::default()).await.expect("an address")
}

async fn seconds(world: &World, seconds: u64) {
    world.time().sleep(Duration::from_secs(seconds)).await;
}

#[mirage::test]
async fn an_address_is_leased_renewed_lost_and_found_again(world: World) {
    // RFC 2131, sections 3.1 and 4.4.5.
    let wire = world.wire();
    let (_there, there_udp) = server_layers(&world, &wire).await;
    let (here, here_udp) = layers(&world, &wire).await;
    let asked = serve(&world, &there_udp, here.mac()).await;
    assert!(here.route(SERVER.into()).is_err(), "no address yet");
    let _dhcp = dhcp(&world, &here, &here_udp).await;
    let source = || here.route(SERVER.into()).map(|route| route.source);
    assert_eq!(source(), Ok(ADDRESS.into()));
    assert_eq!(here.nameservers(), [SERVER]);
    assert_eq!((asked.requested.get(), asked.renewed.get()), (2, 0));
    seconds(&world, 600).await;
    assert_eq!(source(), Ok(ADDRESS.into()));
    assert!((9..=12).contains(&asked.renewed.get()), "{}", asked.renewed.get());
    asked.alive.set(false);
    seconds(&world, 130).await;
    assert!(source().is_err(), "expired");
    asked.alive.set(true);
    seconds(&world, 70).await;
    assert_eq!(source(), Ok(ADDRESS.into()));
}

#[mirage::test]
async fn an_address_is_leased_over_a_bad_wire(world: World) {
    let wire = world.wire();
    wire.conditions(mirage_test::Conditions { loss: 0.2, duplication: 0.1, corruption: 0.05, ..Default::default() });
    let (_there, there_udp) = server_layers(&world, &wire).await;
    let (here, here_udp) = layers(&world, &wire).await;
    serve(&world, &there_udp, here.mac()).await;
    let _dhcp = dhcp(&world, &here, &here_udp).await;
    assert_eq!(here.route(SERVER.into()).map(|route| route.source), Ok(ADDRESS.into()));
}

#[mirage::test]
async fn a_datagram_to_a_closed_port_is_refused(world: World) {
    // RFC 1122, section 4.1.3.1.
    let wire = world.wire();
    let (_there, there_udp) = server_layers(&world, &wire).await;
    let (here, here_udp) = layers(&world, &wire).await;
    here.configure(Some(Interface::new(ADDRESS, 24)));
    let socket = here_udp.bind(0).await.expect("a port");
    socket.send(b"anybody?", (SERVER, 9).into()).await.expect("sent");
    assert_eq!(socket.receive(&mut [0; 9]).await, Err(Error::ConnectionRefused));
    assert_eq!(there_udp.counters().unclaimed, 1);
    // To everybody, nobody answers (RFC 1122, section 3.2.2).
    socket.send(b"anybody?", (Ipv4Addr::new(10, 0, 0, 255), 9).into()).await.expect("sent");
    assert!(world.time().timeout(Duration::from_secs(5), socket.receive(&mut [0; 9])).await.is_err());
    assert_eq!(there_udp.counters().unclaimed, 2);
}

/// A name server: every name has the address 192.0.2.1, and none of IPv6.
async fn answer<U: mirage::Udp>(world: &World, udp: &U) {
    let names = udp.bind(53).await.expect("free");
    world.spawner().spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = names.receive(&mut buffer).await.expect("a question");
            let mut reply = buffer[..length].to_vec();
            reply[2] |= 0x80;
            if reply[length - 3] == 1 {
                reply[7] = 1;
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            }
            names.send(&reply, from).await.expect("sent");
        }
    });
}

#[mirage::test]
async fn a_name_is_resolved_by_the_server_dhcp_tells_of(world: World) {
    let wire = world.wire();
    let (_there, there_udp) = server_layers(&world, &wire).await;
    let (here, here_udp) = layers(&world, &wire).await;
    serve(&world, &there_udp, here.mac()).await;
    answer(&world, &there_udp).await;
    let addresses = dhcp(&world, &here, &here_udp).await;
    let tcp = Tcp::connect(here.clone(), world.clock(), world.random()).await.expect("TCP");
    let stack = Direct::connect(here, here_udp, tcp, addresses).await.expect("a stack");
    let resolver = Resolver::connect(stack, world.clock(), world.time(), world.random()).await.expect("a resolver");
    assert_eq!(resolver.resolve("www.example").await, Ok(vec![Ipv4Addr::new(192, 0, 2, 1).into()]));
}

#[mirage::test]
async fn a_name_is_resolved_by_a_server_told_by_an_ipv6_address(world: World) {
    let wire = world.wire();
    let there = world.direct(wire.port(), "fd00::53/64").await;
    let told = mirage_test::args("--ipv4 10.0.0.1/24 --ipv6 fd00::1/64 --nameserver fd00::53");
    let here = world.direct_told(wire.port(), told).await;
    seconds(&world, 3).await;
    answer(&world, there.udp()).await;
    let resolver = Resolver::connect(here, world.clock(), world.time(), world.random()).await.expect("a resolver");
    assert_eq!(resolver.resolve("www.example").await, Ok(vec![Ipv4Addr::new(192, 0, 2, 1).into()]));
}
