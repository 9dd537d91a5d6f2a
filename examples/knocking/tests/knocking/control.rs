//! Knocks and control requests.

use std::time::Duration;

use crate::world::{boot, control, get, knock};
use mirage::io::{Read as _, Write as _};
use mirage::{Clock as _, Stack as _, Tcp as _, Time as _};
use mirage_test::World;

/// The lines on the console after the first, which says that it is up.
fn lines(world: &World) -> Vec<String> {
    world.console().lines().split_off(1)
}

#[mirage::test]
async fn without_a_knock_there_is_a_hello_page(world: World) {
    let client = boot(&world, "").await;
    let page = get(&client).await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(
        page.contains("Content-Type: text/html")
            && page.ends_with("<h1>Hello from a unikernel!</h1>\n"),
        "{page}"
    );
    assert_eq!(
        world.console().lines(),
        ["Port Knocking Proxy Unikernel booted!"]
    );
}

#[mirage::test]
async fn a_knock_is_logged_by_its_number(world: World) {
    let client = boot(&world, "").await;
    knock(&client, &[1, 256, 2]).await;
    assert_eq!(
        lines(&world),
        [
            "Port 1: KNOCK KNOCK!",
            "Port 256: KNOCK KNOCK!",
            "Port 2: KNOCK KNOCK!"
        ]
    );
}

#[mirage::test]
async fn a_reset_may_be_written_in_any_way(world: World) {
    let client = boot(&world, "").await;
    for request in ["RESET", "reset\r\n", "  ReSeT \n"] {
        control(&client, request).await;
    }
    assert_eq!(lines(&world), ["Port 0: RESET!"; 3]);
}

#[mirage::test]
async fn another_request_is_named_and_changes_nothing(world: World) {
    let client = boot(&world, "").await;
    knock(&client, &[1]).await;
    control(&client, "resets\n").await;
    control(&client, "a\x1b[2Jb").await;
    assert_eq!(
        lines(&world),
        [
            "Port 1: KNOCK KNOCK!",
            "Port 0: Unknown request (resets)",
            "Port 0: Unknown request (a\\u{1b}[2Jb)"
        ]
    );
    let page = get(&client).await;
    assert!(
        page.starts_with("HTTP/1.1 502 "),
        "the knock still counts, and nobody knows unikernel.org: {page}"
    );
}

#[mirage::test]
async fn only_the_exact_and_whole_sequence_opens(world: World) {
    let client = boot(&world, "").await;
    for (doors, opens) in [
        (&[2, 1][..], false),
        (&[1, 2, 3], false),
        (&[2], false),
        (&[1, 2], true),
        (&[1], true),
    ] {
        control(&client, "RESET").await;
        knock(&client, doors).await;
        let page = get(&client).await;
        // Nobody here knows the sites, so that an open door shows as a bad gateway.
        assert_eq!(
            page.starts_with("HTTP/1.1 502 "),
            opens,
            "{doors:?}: {page}"
        );
        assert_eq!(
            page.starts_with("HTTP/1.1 200 "),
            !opens,
            "{doors:?}: {page}"
        );
    }
}

#[mirage::test]
async fn too_many_knocks_open_nothing_until_a_reset(world: World) {
    let longest = vec!["5"; 64].join(",");
    let client = boot(&world, &format!("--site {longest}=nowhere.example")).await;
    knock(&client, &[5; 65]).await;
    assert!(
        get(&client).await.starts_with("HTTP/1.1 200 "),
        "one knock too many"
    );
    control(&client, "RESET").await;
    knock(&client, &[5; 64]).await;
    assert!(
        get(&client).await.starts_with("HTTP/1.1 502 "),
        "just as many as there may be"
    );
}

#[mirage::test]
async fn a_silent_client_holds_up_nobody_and_is_let_go(world: World) {
    let client = boot(&world, "--timeout 5").await;
    let tcp = client.stack().tcp().clone();
    let mut silent = tcp.connect((World::HOST, 32_000).into()).await.unwrap();
    let mut slow = tcp.connect((World::HOST, 80).into()).await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    slow.flush().await.unwrap();
    let begin = world.clock().now();
    control(&client, "reset\n").await;
    assert!(get(&client).await.starts_with("HTTP/1.1 200 "));
    assert!(
        world.clock().now().since(begin) < Duration::from_secs(1),
        "others were held up"
    );

    assert_eq!(
        silent.read(&mut [0; 8]).await,
        Ok(0),
        "the silent one is let go"
    );
    let mut reply = [0; 32];
    let length = slow.read(&mut reply).await.unwrap();
    assert!(
        reply[..length].starts_with(b"HTTP/1.1 408"[..length.min(12)].as_ref()),
        "the slow one is told"
    );
    assert_eq!(lines(&world), ["Port 0: RESET!"]);
}

#[mirage::test]
async fn a_request_in_pieces_is_one_request(world: World) {
    let client = boot(&world, "").await;
    let mut flow = client
        .stack()
        .tcp()
        .connect((World::HOST, 32_000).into())
        .await
        .unwrap();
    for piece in ["RE", "SE", "T"] {
        flow.write_all(piece.as_bytes()).await.unwrap();
        flow.flush().await.unwrap();
        world.time().sleep(Duration::from_millis(50)).await;
    }
    // It does not say where it ends, nor does it end the stream.
    world
        .console()
        .wait_for_line(|line| line == "Port 0: RESET!")
        .await;
}

#[mirage::test]
async fn there_must_be_room_for_all_doors(world: World) {
    let options = mirage_test::args("--control-port 65280");
    let (stack, time, spawn) = (world.stack(), world.time(), world.spawner());
    let outcome = knocking::start(
        world.console(),
        stack,
        world.resolver(),
        time,
        spawn,
        options,
    )
    .await;
    let error = outcome.unwrap_err().to_string();
    assert!(
        error.contains("`--control-port` cannot be 65280") && error.contains("65279"),
        "{error}"
    );
}

#[mirage::test]
async fn a_port_in_use_is_named(world: World) {
    let _other = world.stack().tcp().listen(32_007).await.unwrap();
    let options = mirage_test::args("");
    let (stack, time, spawn) = (world.stack(), world.time(), world.spawner());
    let outcome = knocking::start(
        world.console(),
        stack,
        world.resolver(),
        time,
        spawn,
        options,
    )
    .await;
    assert!(
        outcome
            .unwrap_err()
            .to_string()
            .starts_with("port 32007 cannot be listened on")
    );
}

#[test]
fn a_site_is_read_or_refused_with_a_reason() {
    let read = |text: &str| {
        text.parse::<knocking::Site>()
            .map(|site| (site.sequence, site.host.to_string()))
    };
    assert_eq!(read("1,2=mirage.io"), Ok((vec![1, 2], "mirage.io".into())));
    assert_eq!(read("7=[::1]:8080"), Ok((vec![7], "[::1]:8080".into())));
    assert_eq!(
        read("256=127.0.0.1:8080"),
        Ok((vec![256], "127.0.0.1:8080".into()))
    );
    for (wrong, reason) in [
        ("mirage.io", "of the form"),
        ("=mirage.io", "no knock"),
        ("0=mirage.io", "`0` is no knock"),
        ("257=mirage.io", "`257` is no knock"),
        ("1,=mirage.io", "no knock"),
        ("1=", "no host name"),
        ("1=a b", "no host name"),
        ("1=host:0", "no port"),
        ("1=host:65536", "no port"),
        ("1=[::1", "not closed"),
        ("1=[nonsense]", "no IPv6 address"),
        ("1=[::1]8080", "not `:PORT`"),
    ] {
        let error = read(wrong).unwrap_err();
        assert!(error.contains(reason), "{wrong}: {error}");
    }
}
