//! What a packet costs among 10 to 50,000 connections, from the frame that comes to the frame that goes, over Ethernet,
//! ARP, IPv4 and TCP: small requests, each answered and acknowledged, each on a connection chosen at random, in batches.
//! `cargo bench -p mirage-net`, with numbers of connections behind it, if others are wanted: `-- 200 50000`.
//!
//! The first column has no tasks: the flows are read and written by hand, so that what is measured is the stack. The
//! second has a task for each connection, on the executor of images for unix. What the peers do is not measured; the
//! three numbers kept of each are touched between two rounds and take their part of the caches. The floors are what a
//! table of this size costs in the same rhythm: a look-up, and one or more cache lines of what was found.

use std::time::{Duration, Instant};

use embedded_io_async::{BufRead, Write};
use mirage_net::tcp::Flow;

mod floor;
#[allow(dead_code, unused_imports)] // what the tests use
#[path = "../../tests/many/mod.rs"]
mod many;
#[allow(dead_code, unused_imports)] // what the tests use
#[path = "../../tests/tcp_endpoint/support/mod.rs"]
mod support;

use many::{Peers, Server};
use support::{Numbers, poll};

const COUNTS: [usize; 5] = [10, 200, 1000, 10_000, 50_000];
const REQUESTS: usize = 200_000;
/// Frames a loop takes at once.
const BATCH: usize = 32;
/// A request, its answer, and the acknowledgment of that.
const PACKETS: usize = 3;
/// What passes of virtual time with a batch: a million packets a second.
const PAUSE: Duration = Duration::from_micros(BATCH as u64 * PACKETS as u64);

/// Connections chosen at random, each once in a batch.
struct Order(Numbers);

impl Order {
    fn batch(&self, count: usize, batch: &mut Vec<usize>) {
        batch.clear();
        while batch.len() < BATCH.min(count) {
            let at = self.0.below(count as u64) as usize;
            if !batch.contains(&at) {
                batch.push(at);
            }
        }
    }
}

async fn answer(flow: &mut Flow) {
    let length = flow.fill_buf().await.expect("octets").len();
    flow.consume(length);
    flow.write_all(b"200").await.expect("room");
    flow.flush().await.expect("room");
}

/// What a packet took in the median of all batches, in nanoseconds: what else the machine does meanwhile shows in a few.
fn median(mut batches: Vec<Duration>, packets: usize) -> u128 {
    batches.sort_unstable();
    batches.get(batches.len() / 2).map_or(0, Duration::as_nanos) / packets as u128
}

/// Nanoseconds a packet, and how often a connection is looked at for a request.
fn cost(count: usize, tasks: bool) -> (u128, f64) {
    let (mut server, mut peers) = (Server::new(), Peers::default());
    let mut flows = Vec::new();
    for _ in 0..count {
        let mut flow = server.accept(&mut peers);
        if tasks {
            server.spawn(async move {
                loop {
                    answer(&mut flow).await;
                }
            });
        } else {
            flows.push(flow);
        }
    }
    let (order, mut batch) = (Order(Numbers::new(7)), Vec::new());
    let (mut spent, mut visits) = (Vec::new(), 0);
    // The first half warms up, and grows what grows.
    for _ in 0..2 {
        (spent, visits) = (Vec::new(), server.tcp.stats().visits);
        let mut done = 0;
        while done < REQUESTS / 2 {
            order.batch(count, &mut batch);
            batch.iter().for_each(|&at| peers.send(at, b"GET", &mut server.frames));
            server.clock.advance(PAUSE / 2);
            let start = Instant::now();
            if tasks {
                server.round();
            } else {
                server.wire.put(&mut server.frames);
                // The loop takes the frames and gives way.
                server.executor.run_ready(1);
                // Each has handed its answer over when it lets others have their turn, and has no more to do.
                assert!(batch.iter().all(|&at| poll(answer(&mut flows[at])).is_none()));
                server.executor.run_ready(usize::MAX);
            }
            let answered = start.elapsed();
            let mut octets = 0;
            server.wire.sent(|frame| octets += peers.receive(frame).len());
            assert_eq!(octets, 3 * batch.len(), "every request is answered");

            batch.iter().for_each(|&at| peers.send(at, &[], &mut server.frames));
            server.clock.advance(PAUSE / 2);
            let start = Instant::now();
            server.round();
            spent.push(answered + start.elapsed());
            assert_eq!(server.wire.sent(|_| ()), 0);
            done += batch.len();
        }
        visits = server.tcp.stats().visits - visits;
    }
    (median(spent, PACKETS * batch.len()), visits as f64 / (REQUESTS / 2) as f64)
}

fn main() {
    println!(
        "{:>12} {:>12} {:>16} {:>16} {:>28}",
        "connections", "ns/packet", "with a task", "visits/request", "floor: 1, 2, 6 lines"
    );
    let mut counts: Vec<_> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if counts.is_empty() {
        counts.extend(COUNTS);
    }
    for count in counts {
        let ((stack, visits), (task, _)) = (cost(count, false), cost(count, true));
        let floor = [1, 2, 6].map(|lines| floor::cost(count, lines));
        println!("{count:>12} {stack:>12} {task:>16} {visits:>16.2} {floor:>28?}");
    }
}
