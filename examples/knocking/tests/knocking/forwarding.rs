//! Requests that are handed on, as RFC 9110 and RFC 9112 have a proxy do it.

use std::time::Duration;

use crate::world::{Asked, ask, boot, get, knock, parts, site};
use mirage::io::{Read as _, Write as _};
use mirage::{Clock as _, Stack as _, Tcp as _, Time as _};
use mirage_test::World;

const END: &str = "\r\n\r\n";

/// A unikernel whose site 1,2 is `site`, opened.
async fn opened(
    world: &World,
    end: &'static str,
    reply: &'static [&'static str],
) -> (mirage_test::Host, Asked) {
    let asked = site(world, 80, end, reply).await;
    let client = boot(world, "").await;
    knock(&client, &[1, 2]).await;
    (client, asked)
}

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
async fn a_site_that_is_not_there_is_a_bad_gateway(world: World) {
    let client = boot(&world, "--site 7=127.9.9.9:81").await;
    knock(&client, &[7]).await;
    let answer = get(&client).await;
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("Cache-Control: no-cache, no-store, must-revalidate"),
        "{answer}"
    );
}

#[mirage::test]
async fn a_site_that_speaks_no_http_is_a_bad_gateway(world: World) {
    let (client, _) = opened(&world, END, &["220 mail.example ESMTP\r\n\r\n"]).await;
    assert!(
        get(&client)
            .await
            .starts_with("HTTP/1.1 502 Bad Gateway\r\n")
    );
}

#[mirage::test]
async fn a_site_that_says_two_lengths_is_a_bad_gateway(world: World) {
    let (client, _) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    )
    .await;
    assert!(
        get(&client)
            .await
            .starts_with("HTTP/1.1 502 Bad Gateway\r\n")
    );
}

#[mirage::test]
async fn a_site_that_hangs_up_is_a_bad_gateway(world: World) {
    let (client, _) = opened(&world, END, &[]).await;
    assert!(
        get(&client)
            .await
            .starts_with("HTTP/1.1 502 Bad Gateway\r\n")
    );
}

#[mirage::test]
async fn a_site_that_says_nothing_is_a_time_out(world: World) {
    world.network().silence([10, 9, 9, 9]);
    let client = boot(&world, "--site 7=10.9.9.9 --timeout 3").await;
    knock(&client, &[7]).await;
    let begin = world.clock().now();
    let answer = get(&client).await;
    assert!(
        answer.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"),
        "{answer}"
    );
    assert!(world.clock().now().since(begin) < Duration::from_secs(4));
}

#[mirage::test]
async fn a_resolver_that_says_nothing_is_a_time_out(world: World) {
    world.resolver().silent("slow.example");
    let client = boot(&world, "--site 7=slow.example --timeout 3").await;
    knock(&client, &[7]).await;
    let answer = get(&client).await;
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
}

#[mirage::test]
async fn an_answer_that_breaks_off_is_not_taken_for_whole(world: World) {
    let (client, _) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
    )
    .await;
    let answer = get(&client).await;
    assert!(
        answer.contains("abc") && !answer.contains("\r\n0\r\n"),
        "{answer}"
    );
}

#[mirage::test]
async fn what_could_be_two_requests_is_refused_and_goes_nowhere(world: World) {
    let (client, asked) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    for (fields, status) in [
        (
            "Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "400",
        ),
        (
            "Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
            "400",
        ),
        ("Host: a\r\nContent-Length: +4\r\n", "400"),
        ("Host: a\r\nContent-Length: 4, 4\r\n", "400"),
        ("Host: a\r\nContent-Length: 99999999999999999999\r\n", "400"),
        ("Host: a\r\nTransfer-Encoding: chunked, identity\r\n", "501"),
        ("Host: a\r\nTransfer-Encoding: xchunked\r\n", "501"),
        ("Host: a\r\nTransfer-Encoding : chunked\r\n", "400"),
        ("Host: a\r\nX-Fold: 1\r\n 2\r\n", "400"),
        ("Host: a\r\nX: 1\nContent-Length: 4\r\n", "400"),
        ("Host: a\r\nHost: b\r\n", "400"),
        ("X: no host\r\n", "400"),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\n{fields}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        let answer = ask(&client, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{fields:?}: {answer}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            1,
            "{fields:?}: {answer}"
        );
    }
    assert_eq!(asked.all(), [""; 0]);
}

#[mirage::test]
async fn a_head_that_is_too_large_is_refused(world: World) {
    let client = boot(&world, "").await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    assert!(ask(&client, &request).await.starts_with("HTTP/1.1 431 "));
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: 1\r\n".repeat(101)
    );
    assert!(ask(&client, &request).await.starts_with("HTTP/1.1 431 "));
}

#[mirage::test]
async fn tunnels_and_echoes_are_not_for_this_proxy(world: World) {
    let (client, asked) = opened(
        &world,
        END,
        &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    )
    .await;
    for method in ["CONNECT a:80", "TRACE /"] {
        let answer = ask(
            &client,
            &format!("{method} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    }
    assert_eq!(asked.all(), [""; 0]);
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
