//! Requests that are not handed on, and sites that do not answer as they should.

use std::time::Duration;

use crate::world::{END, ask, boot, get, knock, opened};
use mirage::Clock as _;
use mirage_test::World;

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
async fn what_is_no_target_of_a_server_is_refused(world: World) {
    let reply = &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"];
    let (client, asked) = opened(&world, END, reply).await;
    for target in ["x", "*", "/x#y", "http:///x", "https://a/", "ftp://a/"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = ask(&client, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
    }
    assert_eq!(asked.all(), [""; 0]);
}

#[mirage::test]
async fn a_site_that_never_gets_to_its_answer_is_a_bad_gateway(world: World) {
    let reply = &["HTTP/1.1 100 Continue\r\n\r\n"; 1000];
    let (client, _) = opened(&world, END, reply).await;
    let begin = world.clock().now();
    assert!(get(&client).await.starts_with("HTTP/1.1 502 "));
    assert!(world.clock().now().since(begin) < Duration::from_secs(5));
}

#[mirage::test]
async fn a_client_that_stops_sending_its_body_is_told(world: World) {
    let reply = &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"];
    let (client, _) = opened(&world, "never", reply).await;
    let request = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfou";
    let answer = ask(&client, request).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
