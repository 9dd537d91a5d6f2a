//! The server on a connection in memory: what it answers, and when it lets go.

use std::time::Duration;

use mirage::io::{Read as _, Write as _};
use mirage::{Clock as _, Listener as _, Spawn as _, Stack as _, Tcp as _};
use mirage_http::{Framing, Limits, serve};
use mirage_test::{Flow, World, read_to_end};

/// A connection to a server that answers with the length of the body it was sent, or streams if it is asked to.
async fn connect(world: &World) -> Flow {
    let mut listener = world.stack().tcp().listen(80).await.unwrap();
    let (time, spawner) = (world.time(), world.spawner());
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            let time = time.clone();
            spawner.spawn(async move {
                let _ = serve(flow, &time, &Limits::default(), async |exchange| match exchange.head().target() {
                    "/early" => exchange.respond(403, [], b"no").await,
                    "/silent" => Ok(()),
                    "/stream" => {
                        exchange.outgoing.begin(200, [], Framing::Chunked).await?;
                        exchange.outgoing.write(b"one").await?;
                        exchange.outgoing.write(b"two").await?;
                        exchange.outgoing.end().await
                    }
                    _ => {
                        exchange.accept().await?;
                        let mut length = 0;
                        loop {
                            let piece = exchange.incoming.fill().await?.len();
                            if piece == 0 {
                                break;
                            }
                            length += piece;
                            exchange.incoming.consume(piece);
                        }
                        exchange.respond(200, [("X-Length", length.to_string().as_bytes())], b"").await
                    }
                })
                .await;
            });
        }
    });
    world.host([10, 0, 0, 2]).stack().tcp().connect((World::HOST, 80).into()).await.unwrap()
}

async fn exchange(world: &World, bytes: &str) -> String {
    let mut flow = connect(world).await;
    flow.write_all(bytes.as_bytes()).await.unwrap();
    flow.flush().await.unwrap();
    String::from_utf8(read_to_end(&mut flow).await.unwrap()).unwrap()
}

#[mirage::test]
async fn requests_are_answered_in_order_on_one_connection(world: World) {
    let bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345\
                 POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n12\r\n0\r\n\r\n\
                 GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = exchange(&world, bytes).await;
    let lengths: Vec<&str> = answers.lines().filter_map(|line| line.strip_prefix("X-Length: ")).collect();
    assert_eq!(lengths, ["5", "2", "0"]);
    assert_eq!(answers.matches("Connection: close").count(), 1, "{answers}");
}

#[mirage::test]
async fn what_is_left_of_a_body_is_not_the_next_request(world: World) {
    let bytes = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n12345678\
                 GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = exchange(&world, bytes).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
    assert!(answers.contains("HTTP/1.1 403 Forbidden") && answers.contains("X-Length: 0"), "{answers}");
}

#[mirage::test]
async fn a_handler_that_says_nothing_is_an_error_of_the_server(world: World) {
    let answer = exchange(&world, "GET /silent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{answer}");
}

#[mirage::test]
async fn a_body_of_unknown_length_is_chunked_or_ends_with_its_connection(world: World) {
    let answer = exchange(&world, "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), "{answer}");
}

#[mirage::test]
async fn an_old_client_gets_what_it_understands(world: World) {
    let answer = exchange(&world, "GET /stream HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\nonetwo") && !answer.contains("chunked"), "{answer}");
}

#[mirage::test]
async fn an_old_client_may_keep_its_connection(world: World) {
    let bytes = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n";
    let answers = exchange(&world, bytes).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert_eq!(answers.matches("Connection: keep-alive").count(), 1, "{answers}");
}

#[mirage::test]
async fn an_answer_in_place_of_a_word_ends_the_connection(world: World) {
    let bytes = "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let answer = exchange(&world, bytes).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n") && answer.contains("Connection: close"), "{answer}");
}

#[mirage::test]
async fn an_idle_connection_is_let_go_without_a_word(world: World) {
    let mut flow = connect(&world).await;
    let begin = world.clock().now();
    assert_eq!(flow.read(&mut [0; 8]).await, Ok(0));
    let waited = world.clock().now().since(begin);
    assert!((Duration::from_secs(75)..Duration::from_secs(76)).contains(&waited), "{waited:?}");
}

#[mirage::test]
async fn a_head_that_drips_in_is_given_up(world: World) {
    let begin = world.clock().now();
    let (mut reader, mut writer) = mirage::Flow::split(connect(&world).await);
    let time = world.time();
    world.spawner().spawn(async move {
        // A byte a second: no read waits long, the head as a whole does.
        for byte in b"GET / HTTP/1.1\r\nHost: a\r\n" {
            if writer.write_all(&[*byte]).await.and(writer.flush().await).is_err() {
                break;
            }
            mirage::Time::sleep(&time, Duration::from_secs(1)).await;
        }
    });
    let answer = read_to_end(&mut reader).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
    let waited = world.clock().now().since(begin);
    assert!(waited < Duration::from_secs(25), "{waited:?}");
}
