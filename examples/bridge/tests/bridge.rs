//! The bridge between two wires in memory, with our own stack on hosts of both.

use std::time::Duration;

use mirage::io::Write as _;
use mirage::{
    BufWrite as _, Flow as _, Listener as _, Offloads, Spawn as _, Stack as _, Tcp as _, Time as _,
};
use mirage_test::{Direct, Wire, World, read_to_end};

/// Two wires and a bridge between them, whose ports can do this.
fn bridged(world: &World, left: Offloads, right: Offloads) -> [Wire; 2] {
    let wires = [world.wire(), world.wire()];
    let (console, left, right) = (
        world.console(),
        wires[0].port_with(left),
        wires[1].port_with(right),
    );
    world.spawner().spawn(async move {
        bridge::start(console, left, right)
            .await
            .expect("both are there");
    });
    wires
}

/// Whoever connects gets back what it sends.
async fn echo(world: &World, stack: &Direct) {
    let mut listener = stack.tcp().listen(7).await.expect("a free port");
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            let (mut reader, mut writer) = flow.split();
            let all = read_to_end(&mut reader).await.expect("all of it");
            writer.write_all(&all).await.expect("sent");
            writer.close().await.expect("closed");
        }
    });
}

async fn there_and_back(stack: &Direct, to: &str) {
    let flow = stack
        .tcp()
        .connect(to.parse().expect("an address"))
        .await
        .expect("a connection");
    let sent: Vec<u8> = (0..100_000_u32).map(|at| (at * 7) as u8).collect();
    let (mut reader, mut writer) = flow.split();
    writer.write_all(&sent).await.expect("sent");
    writer.close().await.expect("closed");
    assert!(read_to_end(&mut reader).await.expect("all of it") == sent);
}

#[mirage::test]
async fn hosts_of_both_sides_talk(world: World) {
    let [left, right] = bridged(&world, Offloads::default(), Offloads::default());
    let here = world.direct(left.port(), "10.0.0.1/24 fd00::1/64").await;
    let there = world.direct(right.port(), "10.0.0.2/24 fd00::2/64").await;
    world.time().sleep(Duration::from_secs(3)).await;
    echo(&world, &there).await;
    for to in ["10.0.0.2:7", "[fd00::2]:7"] {
        there_and_back(&here, to).await;
    }
}

#[mirage::test]
async fn what_one_interface_leaves_undone_the_other_does(world: World) {
    let able = Offloads {
        checksum: true,
        segment_v4: true,
        segment_v6: true,
    };
    let sums = Offloads {
        checksum: true,
        ..Offloads::default()
    };
    for (left, right) in [
        (able, able),
        (sums, Offloads::default()),
        (Offloads::default(), sums),
    ] {
        let wires = bridged(&world, left, right);
        let here = world
            .direct(wires[0].port_with(able), "10.0.0.1/24 fd00::1/64")
            .await;
        let there = world
            .direct(wires[1].port_with(able), "10.0.0.2/24 fd00::2/64")
            .await;
        world.time().sleep(Duration::from_secs(3)).await;
        echo(&world, &there).await;
        for to in ["10.0.0.2:7", "[fd00::2]:7"] {
            there_and_back(&here, to).await;
        }
    }
}

#[mirage::test]
async fn what_is_for_the_same_side_stays_there(world: World) {
    let [left, right] = bridged(&world, Offloads::default(), Offloads::default());
    let probe = right.port();
    let line = probe.line();
    let _there = world.direct(probe, "10.0.0.9/24").await;
    let (here, near) = (
        world.direct(left.port(), "10.0.0.1/24").await,
        world.direct(left.port(), "10.0.0.2/24").await,
    );
    world.time().sleep(Duration::from_secs(30)).await;
    echo(&world, &near).await;
    let before = line.received().frames;
    there_and_back(&here, "10.0.0.2:7").await;
    let came = line.received().frames - before;
    assert!(
        came <= 2,
        "{came} frames: who has 10.0.0.2 is asked of everybody, and no more"
    );
}
