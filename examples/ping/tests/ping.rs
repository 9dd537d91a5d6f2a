//! The tool on a wire in memory, with our own stack at the other end.

use std::time::Duration;

use mirage::Time as _;
use mirage_test::{Conditions, Ip, Port, World, args};

/// A host with the addresses 10.0.0.1 and fd00::1, once they are known to be free.
async fn host(world: &World, port: Port) -> Ip {
    let ip = world.direct_ip(port, "10.0.0.1/24 fd00::1/64").await;
    world.time().sleep(Duration::from_secs(3)).await;
    ip
}

/// Pings from it; how it ended, and what it said.
async fn ping(world: &World, host: &Ip, line: &str) -> (Result<(), String>, Vec<String>) {
    let (clock, time, random) = (world.clock(), world.time(), world.random());
    let before = world.console().lines().len();
    let ended = ping::start(
        world.console(),
        host.clone(),
        clock,
        time,
        random,
        args(line),
    )
    .await;
    (ended, world.console().lines().split_off(before))
}

#[mirage::test]
async fn who_is_there_answers(world: World) {
    let wire = world.wire();
    let _there = world.direct(wire.port(), "10.0.0.2/24 fd00::2/64").await;
    wire.conditions(Conditions::after(Duration::from_millis(5)));
    let here = host(&world, wire.port()).await;
    for (to, bytes) in [
        ("10.0.0.2", 56),
        ("fd00::2", 56),
        ("10.0.0.2", 5000),
        ("fd00::2", 5000),
    ] {
        let line = format!("--to {to} --count 3 --size {bytes}");
        let (ended, said) = ping(&world, &here, &line).await;
        assert_eq!(ended, Ok(()));
        assert_eq!(said.len(), 4, "{said:?}");
        let number = |number| format!("{} bytes from {to}: number {number}, ", bytes + 8);
        assert!(
            (0..3).all(|at| said[at].starts_with(&number(at))),
            "{said:?}"
        );
        // To and fro, 5 ms each; whoever is asked first is looked for before.
        assert_eq!(said[1], format!("{}10.000 ms", number(1)));
        assert!(
            said[3].starts_with("3 asked, 3 answered, in 10.000 ms at least"),
            "{said:?}"
        );
    }
}

#[mirage::test]
async fn nobody_there(world: World) {
    let here = host(&world, world.wire().port()).await;
    let (ended, said) = ping(&world, &here, "--to 10.0.0.9 --count 6").await;
    assert_eq!(ended, Err("10.0.0.9 does not answer".into()));
    assert!(
        said.contains(&"nothing can be sent to 10.0.0.9: host unreachable".into()),
        "{said:?}"
    );
    assert_eq!(said.last().map(String::as_str), Some("6 asked, 0 answered"));
}

#[mirage::test]
async fn no_way_there(world: World) {
    let here = host(&world, world.wire().port()).await;
    let (ended, said) = ping(&world, &here, "--to 192.0.2.1 --count 1").await;
    assert_eq!(ended, Err("192.0.2.1 does not answer".into()));
    assert_eq!(
        said[0],
        "nothing can be sent to 192.0.2.1: no route to there"
    );
}

#[mirage::test]
async fn a_wire_that_loses(world: World) {
    let wire = world.wire();
    let _there = world.direct(wire.port(), "10.0.0.2/24").await;
    let here = host(&world, wire.port()).await;
    wire.conditions(Conditions {
        loss: 0.2,
        duplication: 0.5,
        ..Conditions::default()
    });
    let (ended, said) = ping(&world, &here, "--to 10.0.0.2 --count 50 --interval 0.1").await;
    assert_eq!(ended, Ok(()));
    let summary = said.last().unwrap();
    let answered: usize = summary.split(' ').nth(2).unwrap().parse().unwrap();
    assert!((20..50).contains(&answered), "{summary}");
    assert_eq!(
        said.iter()
            .filter(|line| line.contains(" bytes from "))
            .count(),
        answered,
        "each once"
    );
}
