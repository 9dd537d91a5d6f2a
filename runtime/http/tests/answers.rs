//! Answers whose handler does not do as it said, and clients that take their time: the client can always tell where an
//! answer ends.

use std::time::Duration;

use mirage::io::{Read as _, Write as _};
use mirage::{Clock as _, Listener as _, Spawn as _, Stack as _, Tcp as _, Time as _};
use mirage_http::{Framing, Limits, serve};
use mirage_test::{Flow, World, read_to_end};

/// More than is under way at once.
const LARGE: usize = 1024 * 1024;

/// A connection to a server that answers as its target says.
async fn connect(world: &World) -> Flow {
    let mut listener = world.stack().tcp().listen(80).await.unwrap();
    let (time, spawner) = (world.time(), world.spawner());
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            let time = time.clone();
            spawner.spawn(async move {
                let _ = serve(flow, &time, &Limits::default(), async |exchange| {
                    let (head, outgoing) = (exchange.head(), &mut exchange.outgoing);
                    match head.target() {
                        "/too-little" => {
                            outgoing.begin(200, [], Framing::Length(5)).await?;
                            outgoing.write(b"four").await?;
                        }
                        "/too-much" => {
                            outgoing.begin(200, [], Framing::Length(4)).await?;
                            outgoing.write(b"fo").await?;
                            outgoing.write(b"ur, and HTTP/1.1 200 OK").await?;
                        }
                        "/large" => return exchange.respond(200, [], &[b'x'; LARGE]).await,
                        _ => outgoing.begin(200, [], Framing::Empty).await?,
                    }
                    outgoing.end().await
                })
                .await;
            });
        }
    });
    world.host([10, 0, 0, 2]).stack().tcp().connect((World::HOST, 80).into()).await.unwrap()
}

async fn ask(world: &World, targets: &[&str]) -> String {
    let mut flow = connect(world).await;
    for target in targets {
        flow.write_all(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
    }
    flow.write_all(b"GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    flow.flush().await.unwrap();
    String::from_utf8(read_to_end(&mut flow).await.unwrap()).unwrap()
}

#[mirage::test]
async fn an_answer_without_a_body_says_so(world: World) {
    let answers = ask(&world, &["/empty"]).await;
    assert_eq!(answers.matches("\r\nContent-Length: 0\r\n").count(), 2, "{answers}");
}

#[mirage::test]
async fn an_answer_that_falls_short_ends_its_connection(world: World) {
    let answers = ask(&world, &["/too-little"]).await;
    assert!(answers.ends_with("\r\n\r\nfour"), "the next answer is not the fifth byte: {answers}");
}

#[mirage::test]
async fn an_answer_that_goes_too_far_is_cut(world: World) {
    let answers = ask(&world, &["/too-much"]).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    assert!(answers.contains("\r\n\r\nfourHTTP/1.1 200 OK\r\n"), "{answers}");
}

#[mirage::test]
async fn an_answer_may_take_long_as_long_as_it_moves(world: World) {
    let begin = world.clock().now();
    let mut flow = connect(&world).await;
    flow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    flow.flush().await.unwrap();
    let (mut total, mut piece) = (0, vec![0; 64 * 1024]);
    loop {
        let mut read = 0;
        while read < piece.len() {
            match flow.read(&mut piece[read..]).await.unwrap() {
                0 => break,
                length => read += length,
            }
        }
        total += read;
        if read < piece.len() {
            break;
        }
        world.time().sleep(Duration::from_secs(6)).await;
    }
    assert!(total > LARGE, "all of it");
    assert!(world.clock().now().since(begin) > Duration::from_secs(60), "it took longer than any one wait");
}

#[mirage::test]
async fn what_nobody_takes_is_given_up(world: World) {
    let mut flow = connect(&world).await;
    flow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    flow.flush().await.unwrap();
    world.time().sleep(Duration::from_secs(30)).await;
    let answer = read_to_end(&mut flow).await.unwrap();
    assert!(answer.len() < LARGE, "the connection has ended");
}

#[mirage::test]
async fn the_rest_of_a_body_is_not_waited_for_long(world: World) {
    let begin = world.clock().now();
    let (mut reader, mut writer) = mirage::Flow::split(connect(&world).await);
    let time = world.time();
    world.spawner().spawn(async move {
        let head = b"POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
        let _ = writer.write_all(head).await;
        // A byte every five seconds would keep any one read from timing out.
        while writer.write_all(b"x").await.and(writer.flush().await).is_ok() {
            time.sleep(Duration::from_secs(5)).await;
        }
    });
    let answer = read_to_end(&mut reader).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(world.clock().now().since(begin) < Duration::from_secs(12), "{:?}", world.clock().now());
}
