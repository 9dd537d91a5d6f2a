//! The server on a network in memory.

use mirage::{Spawn as _, Stack as _};
use mirage_test::{Host, World, args};

/// Starts the server, and returns another host.
fn serve(world: &World) -> Host {
    let tcp = world.stack().tcp().clone();
    let (time, spawn) = (world.time(), world.spawner());
    world.spawner().spawn(async move {
        http::start(tcp, time, spawn, args("--http-port=8080"))
            .await
            .expect("the server goes on for ever");
    });
    world.host([10, 0, 0, 2])
}

async fn ask(client: &Host, request: &str) -> String {
    let reply = client
        .exchange((World::HOST, 8080), request)
        .await
        .expect("a reply");
    String::from_utf8(reply).expect("text")
}

#[mirage::test]
async fn there_is_a_page(world: World) {
    let client = serve(&world);
    let reply = ask(
        &client,
        "GET / HTTP/1.1\r\nHost: unikernel\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(
        reply.ends_with("<h1>Hello from a unikernel!</h1>\n"),
        "{reply}"
    );
}

#[mirage::test]
async fn there_is_only_one(world: World) {
    let client = serve(&world);
    let reply = ask(
        &client,
        "GET /other HTTP/1.1\r\nHost: unikernel\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(reply.starts_with("HTTP/1.1 404 Not Found\r\n"), "{reply}");
    let reply = ask(
        &client,
        "DELETE / HTTP/1.1\r\nHost: unikernel\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        reply.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"),
        "{reply}"
    );
}

#[mirage::test]
async fn requests_share_a_connection(world: World) {
    let client = serve(&world);
    let twice =
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(
        ask(&client, twice).await.matches("HTTP/1.1 200 OK").count(),
        2
    );
}

#[mirage::test]
async fn what_could_be_two_requests_is_refused(world: World) {
    let client = serve(&world);
    let smuggled = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let reply = ask(&client, smuggled).await;
    assert!(reply.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{reply}");
}
