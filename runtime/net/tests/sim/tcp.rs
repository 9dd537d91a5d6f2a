//! TCP (RFC 9293) on a wire, in all weathers.

use std::net::Ipv4Addr;
use std::time::Duration;

use mirage::io::Write as _;
use mirage::{
    BufWrite as _, Clock as _, Flow as _, Listener as _, Offloads, Spawn as _, Stack as _, Tcp as _, Time as _,
};
use mirage_net::Error;
use mirage_test::{DirectTcp, Options, Port, World, read_to_end, run};

use crate::exchange::{at_once, both_ways, weathers};
use crate::peer::Peer;
use crate::{HERE, THERE};

const MEBIBYTE: usize = 1 << 20;
/// More than our sender takes for one in the worst weather, by several times; smoltcp's takes up to a minute.
const ENOUGH: Duration = Duration::from_secs(10);

/// The TCP of a host with the whole stack.
pub async fn ours(world: &World, port: Port, address: [u8; 4]) -> DirectTcp {
    world.direct(port, &format!("{}/24", Ipv4Addr::from(address))).await.tcp().clone()
}

#[mirage::test]
async fn against_itself_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
        let [up, down] = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {up:?} up, {down:?} down");
        assert!(up.max(down) < ENOUGH, "{name}");
    }
}

#[mirage::test]
async fn to_smoltcp_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (ours(&world, wire.port(), HERE).await, Peer::new(&world, wire.port(), THERE));
        let [up, down] = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {up:?} up, {down:?} down");
        assert!(up < ENOUGH, "{name}");
    }
}

#[mirage::test]
async fn from_smoltcp_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (Peer::new(&world, wire.port(), HERE), ours(&world, wire.port(), THERE).await);
        let [up, down] = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {up:?} up, {down:?} down");
        assert!(down < ENOUGH, "{name}");
    }
}

#[mirage::test]
async fn both_directions_at_once(world: World) {
    let wire = world.wire();
    let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    at_once(&world, here, there, MEBIBYTE).await;
}

#[mirage::test]
async fn nobody_listening_refuses(world: World) {
    let wire = world.wire();
    let (here, _there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    let refused = here.connect((THERE, 81).into()).await;
    assert_eq!(refused.err(), Some(Error::ConnectionRefused));
}

#[mirage::test]
async fn with_every_offload_on_either_side(world: World) {
    let everything = Offloads { checksum: true, segment_v4: true, segment_v6: true };
    let checksums = Offloads { checksum: true, ..Offloads::default() };
    for (a, b) in [(everything, everything), (everything, Offloads::default()), (Offloads::default(), checksums)] {
        for (name, conditions) in weathers() {
            let wire = world.wire();
            wire.conditions(conditions);
            let (here, there) = (wire.port_with(a), wire.port_with(b));
            let (here, there) = (ours(&world, here, HERE).await, ours(&world, there, THERE).await);
            let took = both_ways(&world, here, there, MEBIBYTE / 4).await;
            println!("{name}: {took:?}");
        }
    }
}

/// RFC 9293, section 3.7.1: options take from the segment, on interfaces that cut nothing.
#[mirage::test]
async fn around_the_length_of_one_segment(world: World) {
    for length in 1430..=1470 {
        let wire = world.wire();
        let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
        both_ways(&world, here, there, length).await;
    }
}

/// One run of a transfer through everything, as a capture.
fn captured(seed: u64, path: &std::path::Path) -> Vec<u8> {
    let to = path.to_owned();
    run(Options { name: "captured", seed: Some(seed) }, |world| async move {
        let wire = world.wire();
        wire.capture(to);
        wire.conditions(weathers().pop().unwrap().1);
        let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
        both_ways(&world, here, there, 50_000).await;
    });
    std::fs::read(path).unwrap()
}

#[test]
fn one_seed_is_one_run_to_the_byte() {
    let path = std::env::temp_dir().join(format!("mirage-net-{}.pcap", std::process::id()));
    let [first, again, other] = [1, 1, 2].map(|seed| captured(seed, &path));
    std::fs::remove_file(path).unwrap();
    assert!(first == again, "the same seed gave another run");
    assert!(first != other, "another seed gave the same run");
}

/// RFC 9293, section 3.8.3: when nothing gets through any more, both ends are told.
#[mirage::test]
async fn a_cut_line_ends_the_connection_at_both_ends(world: World) {
    let wire = world.wire();
    let (here, there) = (wire.port(), wire.port());
    let line = here.line();
    let (here, there) = (ours(&world, here, HERE).await, ours(&world, there, THERE).await);
    let mut listener = there.listen(80).await.unwrap();
    let mut flow = here.connect((THERE, 80).into()).await.unwrap();
    let mut peer = listener.accept().await.unwrap();
    line.cut();
    let begin = world.clock().now();
    let hours = Duration::from_secs(3 * 3600);
    let flood = vec![1; 10 * MEBIBYTE];
    let (a, b) = (world.time(), world.time());
    let there = a.timeout(hours, peer.write_all(&flood)).await.expect("the server is never told");
    let here = b.timeout(hours, flow.write_all(&flood)).await.expect("the client is never told");
    // ARP may have found out why.
    let is_told = |told| matches!(told, Err(Error::TimedOut | Error::Unreachable));
    assert!(is_told(here) && is_told(there), "{here:?} {there:?}");
    // R2 is at least 100 s: no trouble of the network's own ends a connection at once (RFC 1122, section 4.2.3.9).
    let took = world.clock().now().since(begin);
    assert!((100..3600).contains(&took.as_secs()), "{took:?}");
}

/// RFC 9293, section 3.10.7: a connection survives a line that was cut for a while.
#[mirage::test]
async fn a_line_mended_in_time_goes_on(world: World) {
    let wire = world.wire();
    let (here, there) = (wire.port(), wire.port());
    let line = here.line();
    let (time, spawner) = (world.time(), world.spawner());
    spawner.spawn(async move {
        time.sleep(Duration::from_millis(3)).await;
        line.cut();
        time.sleep(Duration::from_secs(20)).await;
        line.mend();
    });
    let (here, there) = (ours(&world, here, HERE).await, ours(&world, there, THERE).await);
    let [up, down] = both_ways(&world, here, there, 4 * MEBIBYTE).await;
    let took = up + down;
    assert!((20..60).contains(&took.as_secs()), "{took:?}");
}

/// RFC 9293, section 3.6: who drops a flow that is still sent to resets it; the sender hears of it.
#[mirage::test]
async fn a_reader_that_is_gone_is_noticed(world: World) {
    let wire = world.wire();
    let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    let mut listener = there.listen(80).await.unwrap();
    let mut flow = here.connect((THERE, 80).into()).await.unwrap();
    drop(listener.accept().await.unwrap());
    let flood = vec![1; 10 * MEBIBYTE];
    let told = world.time().timeout(Duration::from_secs(60), flow.write_all(&flood)).await;
    assert_eq!(told.expect("never told"), Err(Error::Reset));
}

#[mirage::test]
async fn many_connections_at_once(world: World) {
    const CONNECTIONS: usize = 300;
    let wire = world.wire();
    wire.conditions(mirage_test::Conditions { loss: 0.01, ..Default::default() });
    let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    let mut listener = there.listen(80).await.unwrap();
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
    let done = std::rc::Rc::new(std::cell::Cell::new(0));
    for number in 0..CONNECTIONS {
        let (here, done) = (here.clone(), std::rc::Rc::clone(&done));
        world.spawner().spawn(async move {
            let (mut reader, mut writer) = here.connect((THERE, 80).into()).await.unwrap().split();
            let sent = vec![number as u8; 1000 + number];
            writer.write_all(&sent).await.unwrap();
            writer.close().await.unwrap();
            assert!(read_to_end(&mut reader).await.unwrap() == sent);
            done.set(done.get() + 1);
        });
    }
    world.time().sleep(Duration::from_secs(300)).await;
    assert_eq!(done.get(), CONNECTIONS);
    let (here, there) = (here.stats(), there.stats());
    assert_eq!((here.connections, there.connections, there.half_open), (0, 0, 0));
    assert_eq!((here.time_wait, there.time_wait), (0, 0), "five minutes are more than twice the MSL");
}
