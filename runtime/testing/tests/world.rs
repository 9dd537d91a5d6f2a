//! The world of a test, looked at from inside.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mirage::io::{ErrorKind, Read as _, Write as _};
use mirage::{BufWrite as _, Clock as _, Console as _, Elapsed, Flow as _, Listener as _, Resolver as _, Spawn as _};
use mirage::{Stack as _, Tcp as _, Time as _, Udp as _, UdpSocket as _};
use mirage_test::{Options, World, read_to_end, run};

const CLIENT: [u8; 4] = [10, 0, 0, 2];

/// An echo service on port 7, until its listener is dropped with the world.
async fn echo(world: &World) {
    let mut listener = world.stack().tcp().listen(7).await.unwrap();
    let spawner = world.spawner();
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            spawner.spawn(async move {
                let (mut reader, mut writer) = flow.split();
                let all = read_to_end(&mut reader).await.unwrap();
                writer.write_all(&all).await.unwrap();
                writer.close().await.unwrap();
            });
        }
    });
}

#[mirage::test]
async fn hours_pass_at_once_and_in_order(world: World) {
    let (time, clock) = (world.time(), world.clock());
    let (console, later) = (world.console(), world.time());
    world.spawner().spawn(async move {
        later.sleep(Duration::from_secs(3600)).await;
        console.log("one hour").await;
    });
    let begin = clock.now();
    time.sleep(Duration::from_secs(7200)).await;
    assert_eq!(clock.now().since(begin), Duration::from_secs(7200));
    assert_eq!(world.console().lines(), ["one hour"]);
}

#[mirage::test]
async fn a_timeout_drops_what_it_waited_for(world: World) {
    let time = world.time();
    let outcome = time.timeout(Duration::from_secs(1), world.time().sleep(Duration::from_secs(2))).await;
    assert_eq!(outcome, Err(Elapsed));
    assert_eq!(time.timeout(Duration::from_secs(1), async { 5 }).await, Ok(5));
}

#[mirage::test]
async fn bytes_arrive_whole_and_in_order_in_any_pieces(world: World) {
    echo(&world).await;
    let sent: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let flow = world.host(CLIENT).stack().tcp().connect((World::HOST, 7).into()).await.unwrap();
    let (mut reader, mut writer) = flow.split();
    let bytes = sent.clone();
    world.spawner().spawn(async move {
        writer.write_all(&bytes).await.unwrap();
        writer.close().await.unwrap();
    });
    assert!(read_to_end(&mut reader).await.unwrap() == sent);
}

#[mirage::test]
async fn nobody_listening_refuses_and_a_silent_host_says_nothing(world: World) {
    let tcp = world.host(CLIENT).stack().tcp().clone();
    let refused = tcp.connect((World::HOST, 81).into()).await;
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
    world.network().silence(Ipv4Addr::new(10, 9, 9, 9));
    let silent = tcp.connect(SocketAddr::from(([10, 9, 9, 9], 80)));
    assert!(world.time().timeout(Duration::from_secs(60), silent).await.is_err());
}

#[mirage::test]
async fn a_port_has_one_listener_at_a_time(world: World) {
    let tcp = world.stack().tcp().clone();
    let first = tcp.listen(80).await.unwrap();
    assert_eq!(tcp.listen(80).await.err(), Some(ErrorKind::AddrInUse));
    drop(first);
    assert_eq!(tcp.listen(80).await.unwrap().port(), 80);
    assert_ne!(tcp.listen(0).await.unwrap().port(), 0);
}

#[mirage::test]
async fn a_sender_waits_for_its_reader_and_learns_that_it_is_gone(world: World) {
    let mut listener = world.stack().tcp().listen(9).await.unwrap();
    let mut flow = world.host(CLIENT).stack().tcp().connect((World::HOST, 9).into()).await.unwrap();
    let peer = listener.accept().await.unwrap();
    let flood = vec![0; 1 << 20];
    let stuck = world.time().timeout(Duration::from_secs(5), flow.write_all(&flood)).await;
    assert!(stuck.is_err());
    drop(peer);
    assert_eq!(flow.write_all(&flood).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(flow.read(&mut [0; 8]).await, Ok(0));
}

#[mirage::test]
async fn datagrams_find_their_port_or_are_lost(world: World) {
    let service = world.stack().udp().bind(53).await.unwrap();
    let client = world.host(CLIENT).stack().udp().bind(0).await.unwrap();
    client.send(b"question", (World::HOST, 53).into()).await.unwrap();
    let mut buffer = [0; 4];
    let (length, from) = service.receive(&mut buffer).await.unwrap();
    assert_eq!((&buffer[..length], from), (&b"ques"[..], SocketAddr::new(IpAddr::from(CLIENT), client.port())));
    world.network().udp_loss(1.0);
    client.send(b"lost", (World::HOST, 53).into()).await.unwrap();
    assert!(world.time().timeout(Duration::from_secs(1), service.receive(&mut buffer)).await.is_err());
    assert_eq!(client.send(&[0; 70_000], (World::HOST, 53).into()).await, Err(ErrorKind::InvalidInput));
}

#[mirage::test]
async fn names_are_those_in_the_table(world: World) {
    let resolver = world.resolver();
    resolver.add("mirage.io", [Ipv4Addr::new(10, 0, 0, 9)]);
    assert_eq!(resolver.resolve("mirage.io").await.unwrap(), [IpAddr::from([10, 0, 0, 9])]);
    assert_eq!(resolver.resolve("::1").await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
    assert!(resolver.resolve("nowhere.example").await.is_err());
}

#[mirage::test]
async fn what_is_typed_is_read(world: World) {
    let console = world.console();
    console.type_in("ls\n");
    let mut buffer = [0; 2];
    assert_eq!(console.read(&mut buffer).await, Ok(2));
    assert_eq!(console.read(&mut buffer).await, Ok(1));
    console.hang_up();
    assert_eq!(console.read(&mut buffer).await, Ok(0));
}

/// When each of many messages arrives in a world of this seed.
fn trace(seed: u64) -> Vec<(u64, usize)> {
    let (tell, told) = std::sync::mpsc::channel();
    run(Options { name: "trace", seed: Some(seed) }, |world| async move {
        let mut listener = world.stack().tcp().listen(9).await.unwrap();
        let mut flow = world.host(CLIENT).stack().tcp().connect((World::HOST, 9).into()).await.unwrap();
        let mut peer = listener.accept().await.unwrap();
        flow.write_all(&[7; 20_000]).await.unwrap();
        flow.close().await.unwrap();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = peer.read(&mut piece).await {
            tell.send((world.clock().now().as_nanos(), length)).unwrap();
        }
    });
    told.try_iter().collect()
}

#[test]
fn one_seed_is_one_run_and_another_seed_another() {
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

#[test]
#[should_panic(expected = "cannot happen any more")]
fn waiting_for_nothing_is_a_failure_and_no_hang() {
    run(Options { name: "stuck", seed: None }, |world| async move {
        world.console().wait_for_line(|_| true).await;
    });
}

#[test]
#[should_panic(expected = "the test failed: Elapsed")]
fn an_error_fails_the_test() {
    run(Options { name: "failing", seed: None }, |_| async { Err::<(), _>(Elapsed) });
}
