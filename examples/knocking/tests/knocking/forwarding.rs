//! Requests that are handed on, as RFC 9110 and RFC 9112 have a proxy do it.

use std::time::Duration;

use crate::world::{END, ask, get, opened, parts};
use mirage::io::{Read as _, Write as _};
use mirage::{Stack as _, Tcp as _, Time as _};
use mirage_test::World;

fn fields(head: &str) -> Vec<&str> {
    head.split("\r\n").skip(1).collect()
}

#[mirage::test]
async fn a_get_reaches_the_site_and_its_answer_comes_back_uncached(world: World) {
    let reply = &[
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: max-age=99\r\nX-Site: yes\r\n\r\n",
        "hello",
    ];
    let (client, asked) = opened(&world, END, reply).await;
    let request = "GET /a/b?c=d%20e HTTP/1.1\r\nHost: unikernel:80\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    let answer = ask(&client, request).await;
    let (head, body) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body, "hello");
    for field in [
        "X-Site: yes",
        "Content-Length: 5",
        "Cache-Control: no-cache, no-store, must-revalidate",
        "Pragma: no-cache",
        "Expires: 0",
    ] {
        assert!(fields(head).contains(&field), "{field} in {head}");
    }
    assert!(!head.contains("max-age"), "{head}");
    let asked = asked.one();
    assert!(
        asked.starts_with("GET /a/b?c=d%20e HTTP/1.1\r\nHost: mirage.io\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("\r\nAccept: */*\r\n") && asked.contains("\r\nVia: 1.1 knocking\r\n"),
        "{asked}"
    );
}

#[mirage::test]
async fn fields_of_a_connection_stay_on_it(world: World) {
    let reply = &[
        "HTTP/1.1 204 No Content\r\nConnection: X-Own, close\r\nX-Own: 1\r\nKeep-Alive: 5\r\nX-End: 2\r\n\r\n",
    ];
    let (client, asked) = opened(&world, END, reply).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n\
                   Proxy-Connection: keep-alive\r\nProxy-Authorization: secret\r\nX-End: 2\r\n\r\n";
    let answer = ask(&client, request).await;
    assert!(
        !answer.contains("X-Own") && !answer.contains("Keep-Alive"),
        "{answer}"
    );
    assert!(answer.contains("\r\nX-End: 2\r\n"), "{answer}");
    let asked = asked.one();
    for gone in ["X-Hop", "TE:", "Upgrade", "Proxy-"] {
        assert!(!asked.contains(gone), "{gone} in {asked}");
    }
    assert!(
        asked.contains("\r\nX-End: 2\r\n") && asked.contains("\r\nConnection: close\r\n"),
        "{asked}"
    );
}

#[mirage::test]
async fn a_body_of_known_length_goes_both_ways(world: World) {
    let reply = &[
        "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\n",
        "y",
        "es",
    ];
    let (client, asked) = opened(&world, "message!", reply).await;
    let request =
        "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nConnection: close\r\n\r\nmessage!";
    let answer = ask(&client, request).await;
    assert_eq!(parts(&answer).1, "yes");
    let asked = asked.one();
    assert!(
        asked.contains("\r\nContent-Length: 8\r\n") && asked.ends_with("\r\n\r\nmessage!"),
        "{asked}"
    );
}

#[mirage::test]
async fn a_chunked_body_goes_both_ways_as_it_comes(world: World) {
    let reply = &[
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "3\r\nabc\r\n",
        "4;note=\"x\"\r\ndefg\r\n",
        "0\r\nX-Trailer: 1\r\n\r\n",
    ];
    let (client, asked) = opened(&world, "0\r\n\r\n", reply).await;
    let request = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                   5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer = ask(&client, request).await;
    let (head, body) = parts(&answer);
    assert!(head.contains("\r\nTransfer-Encoding: chunked"), "{head}");
    assert_eq!(unchunked(body), "abcdefg");
    let asked = asked.one();
    let (head, body) = parts(&asked);
    assert!(
        head.contains("\r\nTransfer-Encoding: chunked") && !head.contains("Content-Length"),
        "{head}"
    );
    assert_eq!(unchunked(body), "hello world");
}

/// The data of a chunked body.
fn unchunked(mut body: &str) -> String {
    let mut data = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(size, 16).expect("a number");
        if size == 0 {
            assert_eq!(rest, "\r\n", "nothing after the last chunk");
            return data;
        }
        data += &rest[..size];
        body = rest[size..]
            .strip_prefix("\r\n")
            .expect("the end of a chunk");
    }
}

#[mirage::test]
async fn an_answer_without_a_length_ends_with_its_connection(world: World) {
    let (client, _) = opened(
        &world,
        END,
        &["HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\n", "all of", " it"],
    )
    .await;
    let answer = get(&client).await;
    let (head, body) = parts(&answer);
    assert!(head.contains("Transfer-Encoding: chunked"), "{head}");
    assert_eq!(unchunked(body), "all of it");
    let old = ask(&client, "GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert_eq!(
        parts(&old).1,
        "all of it",
        "a client of HTTP/1.0 knows no chunks"
    );
}

#[mirage::test]
async fn a_head_has_no_body_but_its_length(world: World) {
    let (client, asked) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    )
    .await;
    let twice =
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = ask(&client, twice).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answer}");
    assert_eq!(
        answer.matches("Content-Length: 1000\r\n").count(),
        2,
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(asked.all().len(), 2);
}

#[mirage::test]
async fn interim_answers_are_not_the_answer(world: World) {
    let reply = &[
        "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ];
    let (client, _) = opened(&world, END, reply).await;
    let answer = get(&client).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"),
        "{answer}"
    );
}

#[mirage::test]
async fn a_client_that_waits_to_be_asked_is_asked(world: World) {
    let (client, _) = opened(
        &world,
        "body",
        &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    let mut flow = client
        .stack()
        .tcp()
        .connect((World::HOST, 80).into())
        .await
        .unwrap();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    flow.write_all(head.as_bytes()).await.unwrap();
    flow.flush().await.unwrap();
    let mut word = [0; 25];
    flow.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    flow.write_all(b"body").await.unwrap();
    flow.flush().await.unwrap();
    let rest = mirage_test::read_to_end(&mut flow).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[mirage::test]
async fn the_absolute_form_means_the_same(world: World) {
    let (client, asked) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    ask(
        &client,
        "GET http://unikernel/x?y HTTP/1.1\r\nHost: unikernel\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        asked
            .one()
            .starts_with("GET /x?y HTTP/1.1\r\nHost: mirage.io\r\n")
    );
}

#[mirage::test]
async fn a_slow_upload_does_not_hold_up_an_early_answer(world: World) {
    let (client, _) = opened(
        &world,
        END,
        &["HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"],
    )
    .await;
    let mut flow = client
        .stack()
        .tcp()
        .connect((World::HOST, 80).into())
        .await
        .unwrap();
    flow.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nfirst")
        .await
        .unwrap();
    flow.flush().await.unwrap();
    let answer = world
        .time()
        .timeout(Duration::from_secs(2), mirage_test::read_to_end(&mut flow))
        .await;
    let answer = String::from_utf8(answer.expect("an answer in time").unwrap()).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 403 Forbidden\r\n") && answer.ends_with("\r\n\r\nno"),
        "{answer}"
    );
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

#[mirage::test]
async fn an_upload_may_take_longer_than_any_wait(world: World) {
    let reply = &["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];
    let (client, asked) = opened(&world, "the end", reply).await;
    let tcp = client.stack().tcp().clone();
    let mut flow = tcp.connect((World::HOST, 80).into()).await.unwrap();
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\nConnection: close\r\n\r\n";
    flow.write_all(head.as_bytes()).await.unwrap();
    for piece in ["five ", "and ", "t", "he end"] {
        flow.write_all(piece.as_bytes()).await.unwrap();
        flow.flush().await.unwrap();
        world.time().sleep(Duration::from_secs(6)).await;
    }
    flow.write_all(b"!").await.unwrap();
    flow.flush().await.unwrap();
    let answer = mirage_test::read_to_end(&mut flow).await.unwrap();
    assert!(answer.ends_with(b"\r\n\r\nok"), "{answer:?}");
    assert!(asked.one().ends_with("five and the end"));
}

#[mirage::test]
async fn a_body_may_be_refused_before_it_comes(world: World) {
    let reply = &["HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"];
    let (client, _) = opened(&world, END, reply).await;
    let request = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    let answer = ask(&client, request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

#[mirage::test]
async fn it_signs_by_the_version_it_was_asked_in(world: World) {
    let (client, asked) = opened(&world, END, &["HTTP/1.0 204 No Content\r\n\r\n"]).await;
    let answer = get(&client).await;
    assert!(answer.contains("\r\nVia: 1.0 knocking\r\n"), "{answer}");
    ask(&client, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(asked.all()[0].contains("\r\nVia: 1.1 knocking\r\n"));
    assert!(asked.all()[1].contains("\r\nVia: 1.0 knocking\r\n"));
}

#[mirage::test]
async fn options_go_as_far_as_they_say(world: World) {
    let (client, asked) = opened(&world, END, &["HTTP/1.1 204 No Content\r\n\r\n"]).await;
    let options = async |target: &str, most: &str| {
        let fields = format!("Host: a\r\nMax-Forwards: {most}\r\nConnection: close");
        ask(
            &client,
            &format!("OPTIONS {target} HTTP/1.1\r\n{fields}\r\n\r\n"),
        )
        .await
    };
    assert!(options("*", "0").await.starts_with("HTTP/1.1 204 "));
    assert_eq!(asked.all(), [""; 0]);
    options("http://a", "2").await;
    let asked = asked.one();
    assert!(asked.starts_with("OPTIONS * HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nMax-Forwards: 1\r\n"), "{asked}");
}
