//! What an idle connection keeps, with the task that waits for its next request.
//!
//! Bytes are those asked of the allocator; its own share of each block is not known here.

#[allow(dead_code)]
mod many;
#[allow(dead_code, unused_imports)] // what the endpoint's tests use
#[path = "tcp_endpoint/support/mod.rs"]
mod support;

use std::alloc::System;

use cap::Cap;
use embedded_io_async::{BufRead, Write};
use mirage::BufWrite;
use mirage_http::{Limits, serve};
use mirage_net::tcp::Flow;

use many::{Never, Peers, Server};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const CONNECTIONS: usize = 10_000;
/// What one may keep, in bytes.
const MOST: usize = 1024;

async fn echo(mut flow: Flow) {
    while let Ok(&[octet, ..]) = flow.fill_buf().await {
        flow.consume(1);
        let Ok(space) = flow.space().await else { return };
        space[0] = octet;
        flow.commit(1);
        if flow.flush().await.is_err() {
            return;
        }
    }
}

/// As an application writes it.
async fn greet(flow: Flow) {
    serve(flow, &Never, &Limits::default(), async |exchange| match exchange.head().target() {
        "/" => exchange.respond(200, [("Content-Type", &b"text/plain"[..])], b"hello\n").await,
        _ => exchange.respond(404, [], b"").await,
    })
    .await
    .expect("it is served");
}

/// Bytes a connection that has had a request answered, and waits for the next.
fn kept<F: Future<Output = ()> + 'static>(task: impl Fn(Flow) -> F, request: &[u8], answer: &[u8]) -> usize {
    let (mut server, mut peers) = (Server::new(), Peers::default());
    // What there is once, and what is kept for whoever needs it next, is there already.
    let exchange = |server: &mut Server, peers: &mut Peers, numbers: std::ops::Range<usize>| {
        for number in numbers {
            let flow = server.accept(peers);
            server.spawn(task(flow));
            peers.send(number, request, &mut server.frames);
            server.round();
            let mut octets = Vec::new();
            server.wire.sent(|frame| octets.extend_from_slice(peers.receive(frame)));
            assert!(octets.starts_with(answer), "{octets:?}");
            peers.send(number, &[], &mut server.frames);
            server.round();
            server.wire.sent(|_| ());
        }
    };
    exchange(&mut server, &mut peers, 0..10);
    let peers_before = peers.bytes();
    let before = ALLOCATOR.allocated();
    exchange(&mut server, &mut peers, 10..10 + CONNECTIONS);
    let bytes = ALLOCATOR.allocated() - before - (peers.bytes() - peers_before);
    assert_eq!(server.tcp.stats().connections, 10 + CONNECTIONS);
    bytes / CONNECTIONS
}

#[test]
fn an_idle_connection_keeps_less_than_a_kilobyte_with_its_task() {
    let echo = kept(echo, b"x", b"x");
    let http = kept(greet, b"GET / HTTP/1.1\r\nHost: there\r\n\r\n", b"HTTP/1.1 200 ");
    println!("bytes kept of an idle connection and its task: echo {echo}, HTTP {http}");
    assert!(echo <= MOST && http <= MOST, "echo {echo}, HTTP {http}");
}
