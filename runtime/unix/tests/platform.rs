//! The platform on this host: sockets over loopback, timers, names, randomness. One process that is a unikernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use mirage::args::{Boot, Group, Listen};
use mirage::io::{BufRead as _, Error as _, ErrorKind, Read as _, Write as _};
use mirage::plumbing::{Failure, FailureKind};
use mirage::rand_core::Rng as _;
use mirage::{BufWrite as _, Clock as _, Flow as _, Listener as _, Resolver as _, Spawn as _, Stack as _, Tcp as _};
use mirage::{Time as _, Udp as _, UdpSocket as _, WallClock as _};
use mirage_unix::{Clock, Platform, Random, Resolver, SocketStack, Spawner, Time, WallClock};
use rustix::time::{ClockId, clock_gettime};

const GROUPS: &[Group] = &[Group::new::<Boot>(Platform::BOOT)];

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is tested, by name.
macro_rules! tests {
    ($world:expr, $($name:ident)*) => {$(
        println!("test {} ...", stringify!($name));
        $name($world).await;
    )*};
}

struct World {
    platform: Platform,
    local: SocketStack,
    everywhere: SocketStack,
    time: Time,
    spawn: Spawner,
}

fn main() -> ExitCode {
    let count = 12;
    let status = mirage_unix::run_words("platform", GROUPS, [], async move |platform: Platform| {
        let time = Time::connect(&platform).await.expect("time");
        let local = Listen { listen: Some(Ipv4Addr::LOCALHOST.into()) };
        let world = World {
            local: SocketStack::connect(&platform, local).await.expect("a stack"),
            everywhere: SocketStack::connect(&platform, Listen::default()).await.expect("a stack"),
            spawn: Spawner::connect(&platform).await.expect("a spawner"),
            time: time.clone(),
            platform,
        };
        let all = async {
            tests! { &world,
                bytes_go_both_ways_and_an_end_is_seen
                a_flow_is_read_and_written_in_place
                halves_live_apart
                a_writer_waits_for_its_reader
                refusals_and_ports_in_use_have_their_kinds
                both_families_reach_a_stack_that_listens_everywhere
                datagrams_come_and_go
                datagrams_come_and_go_over_ipv6
                many_connections_at_once
                sleeping_takes_its_time
                an_idle_process_leaves_the_processor_alone
                names_and_addresses_resolve
                random_numbers_differ
            }
        };
        time.timeout(PATIENCE, all)
            .await
            .map_err(|error| Failure::new(FailureKind::Job, "platform", "here", error.to_string()))
    });
    println!("{count} passed, 0 failed");
    status
}

async fn pair(world: &World) -> (mirage_unix::TcpFlow, mirage_unix::TcpFlow) {
    let mut listener = world.local.tcp().listen(0).await.expect("a free port");
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.port()));
    let client = world.local.tcp().connect(peer).await.expect("a connection");
    let server = listener.accept().await.expect("a connection");
    assert_eq!((client.peer(), client.local()), (peer, server.peer()));
    assert_eq!(server.local(), peer);
    (client, server)
}

async fn bytes_go_both_ways_and_an_end_is_seen(world: &World) {
    let (mut client, mut server) = pair(world).await;
    client.write_all(b"question").await.expect("room");
    client.flush().await.expect("a peer");
    let mut question = [0; 8];
    server.read_exact(&mut question).await.expect("bytes");
    assert_eq!(&question, b"question");
    server.write_all(b"answer").await.expect("room");
    server.close().await.expect("a peer");
    let mut answer = [0; 6];
    client.read_exact(&mut answer).await.expect("bytes");
    assert_eq!(client.read(&mut answer).await.expect("an end"), 0);
    assert_eq!(client.fill_buf().await.expect("an end"), b"");
    drop(client);
    assert_eq!(server.read(&mut answer).await.expect("an end"), 0);
}

async fn a_flow_is_read_and_written_in_place(world: &World) {
    let (mut client, mut server) = pair(world).await;
    let space = client.space().await.expect("room");
    space[..5].copy_from_slice(b"place");
    client.commit(5);
    client.flush().await.expect("a peer");
    assert_eq!(server.fill_buf().await.expect("bytes"), b"place");
    server.consume(2);
    assert_eq!(server.fill_buf().await.expect("bytes"), b"ace");
}

async fn halves_live_apart(world: &World) {
    let (client, mut server) = pair(world).await;
    let (mut reader, writer) = client.split();
    drop(writer);
    assert_eq!(server.read(&mut [0; 4]).await.expect("an end"), 0, "dropping the writer ends the stream");
    server.write_all(b"late").await.expect("room");
    server.flush().await.expect("a peer");
    assert_eq!(reader.fill_buf().await.expect("bytes"), b"late", "and leaves the reader alone");
}

async fn a_writer_waits_for_its_reader(world: &World) {
    let (mut client, mut server) = pair(world).await;
    let sent: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let bytes = sent.clone();
    world.spawn.spawn(async move {
        client.write_all(&bytes).await.expect("room in the end");
        client.close().await.expect("a peer");
    });
    world.time.sleep(Duration::from_millis(50)).await;
    let mut received = Vec::new();
    loop {
        let piece = server.fill_buf().await.expect("bytes");
        if piece.is_empty() {
            break;
        }
        received.extend_from_slice(piece);
        let length = piece.len();
        server.consume(length);
    }
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
}

async fn refusals_and_ports_in_use_have_their_kinds(world: &World) {
    let listener = world.local.tcp().listen(0).await.expect("a free port");
    let error = world.local.tcp().listen(listener.port()).await.err().expect("it is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("port {}: already in use", listener.port()));
    let port = listener.port();
    drop(listener);
    let refused = world.local.tcp().connect((Ipv4Addr::LOCALHOST, port).into()).await.err().expect("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let (mut client, server) = pair(world).await;
    drop(server);
    let flood = vec![0; 1 << 20];
    let gone = loop {
        if let Err(error) = client.write_all(&flood).await {
            break error;
        }
    };
    assert!(matches!(gone.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{gone}");
}

async fn both_families_reach_a_stack_that_listens_everywhere(world: &World) {
    let mut listener = world.everywhere.tcp().listen(0).await.expect("a free port");
    let port = listener.port();
    let _client = world.everywhere.tcp().connect((Ipv4Addr::LOCALHOST, port).into()).await.expect("IPv4");
    assert_eq!(listener.accept().await.expect("a connection").peer().ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
    match world.everywhere.tcp().connect((Ipv6Addr::LOCALHOST, port).into()).await {
        Ok(_client) => {
            let server = listener.accept().await.expect("a connection");
            assert_eq!(server.peer().ip(), IpAddr::from(Ipv6Addr::LOCALHOST));
        }
        Err(error) => eprintln!("skipped: IPv6: this host has none: {error}"),
    }
}

async fn datagrams_come_and_go(world: &World) {
    let service = world.everywhere.udp().bind(0).await.expect("a free port");
    let client = world.local.udp().bind(0).await.expect("a free port");
    client.send(b"question", (Ipv4Addr::LOCALHOST, service.port()).into()).await.expect("sent");
    let mut buffer = [0; 64];
    let (length, from) = service.receive(&mut buffer).await.expect("a datagram");
    assert_eq!((&buffer[..length], from), (&b"question"[..], (Ipv4Addr::LOCALHOST, client.port()).into()));
    service.send(b"a long answer", from).await.expect("sent");
    let mut short = [0; 6];
    let (length, _) = client.receive(&mut short).await.expect("a datagram");
    assert_eq!((length, &short), (6, b"a long"));
    let error = client.send(&[0; 70_000], from).await.expect_err("too long for a datagram");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(world.local.udp().bind(client.port()).await.err().expect("taken").kind(), ErrorKind::AddrInUse);
}

async fn datagrams_come_and_go_over_ipv6(world: &World) {
    let service = world.everywhere.udp().bind(0).await.expect("a free port");
    let client = world.everywhere.udp().bind(0).await.expect("a free port");
    if let Err(error) = client.send(b"question", (Ipv6Addr::LOCALHOST, service.port()).into()).await {
        return eprintln!("skipped: UDP over IPv6: this host has none: {error}");
    }
    let mut buffer = [0; 64];
    let (length, from) = service.receive(&mut buffer).await.expect("a datagram");
    assert_eq!((&buffer[..length], from), (&b"question"[..], (Ipv6Addr::LOCALHOST, client.port()).into()));
    service.send(b"answer", from).await.expect("sent");
    let (length, from) = client.receive(&mut buffer).await.expect("a datagram");
    assert_eq!((&buffer[..length], from), (&b"answer"[..], (Ipv6Addr::LOCALHOST, service.port()).into()));
    // The same socket serves IPv4, whose addresses are IPv4's and not mapped ones.
    client.send(b"four", (Ipv4Addr::LOCALHOST, service.port()).into()).await.expect("sent");
    let (length, from) = service.receive(&mut buffer).await.expect("a datagram");
    assert_eq!((&buffer[..length], from), (&b"four"[..], (Ipv4Addr::LOCALHOST, client.port()).into()));
}

async fn many_connections_at_once(world: &World) {
    let mut listener = world.local.tcp().listen(0).await.expect("a free port");
    let port = listener.port();
    let spawner = world.spawn.clone();
    world.spawn.spawn(async move {
        while let Ok(mut flow) = listener.accept().await {
            spawner.spawn(async move {
                let mut byte = [0];
                while flow.read_exact(&mut byte).await.is_ok() {
                    flow.write_all(&byte).await.expect("room");
                    flow.flush().await.expect("a peer");
                }
            });
        }
    });
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(world.local.tcp().connect((Ipv4Addr::LOCALHOST, port).into()).await.expect("a connection"));
    }
    for round in 0..5 {
        for client in &mut clients {
            client.write_all(&[round]).await.expect("room");
            client.flush().await.expect("a peer");
        }
        for client in &mut clients {
            let mut echo = [0];
            client.read_exact(&mut echo).await.expect("an echo");
            assert_eq!(echo, [round]);
        }
    }
}

async fn sleeping_takes_its_time(world: &World) {
    let clock = Clock::connect(&world.platform).await.expect("a clock");
    let begin = clock.now();
    world.time.sleep(Duration::from_millis(30)).await;
    assert!(clock.now().since(begin) >= Duration::from_millis(30));
    assert!(world.time.timeout(Duration::from_millis(5), std::future::pending::<()>()).await.is_err());
    let date = WallClock::connect(&world.platform).await.expect("a clock").now();
    assert!(date.0 > Duration::from_secs(1_700_000_000), "after 2023");
}

async fn an_idle_process_leaves_the_processor_alone(world: &World) {
    let used = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("a time");
    // What went on before may have been worth looking out for; from here on nothing is.
    let before = used();
    for _ in 0..100 {
        world.time.sleep(Duration::from_millis(5)).await;
    }
    let spent = used().saturating_sub(before);
    assert!(spent < Duration::from_millis(50), "{spent:?} of 500 ms");
}

async fn names_and_addresses_resolve(world: &World) {
    let resolver = Resolver::connect(&world.platform).await.expect("a resolver");
    assert_eq!(resolver.resolve("192.0.2.1").await.expect("an address"), [IpAddr::from([192, 0, 2, 1])]);
    let local = resolver.resolve("localhost").await.expect("every host knows itself");
    assert!(local.iter().all(IpAddr::is_loopback) && !local.is_empty(), "{local:?}");
    let error = resolver.resolve("no.such.host.invalid").await.expect_err("RFC 6761: never a host");
    assert!(error.to_string().contains("`no.such.host.invalid`"), "{error}");
}

async fn random_numbers_differ(world: &World) {
    let mut one = Random::connect(&world.platform).await.expect("random numbers");
    let mut other = Random::connect(&world.platform).await.expect("random numbers");
    assert_ne!(one.next_u64(), other.next_u64(), "two seeds");
    assert_ne!(one.next_u64(), one.clone().next_u64(), "clones are one generator");
}
