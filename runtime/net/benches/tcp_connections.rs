//! What a packet costs among 10 to 50,000 connections: small requests, each answered and acknowledged, on one connection
//! after the other, in batches. IP is a list in memory. `cargo bench -p mirage-net`.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use embedded_io_async::{BufRead, Write};
use mirage::Received;
use mirage_net::tcp::{Flow, Listener, Segment};

#[allow(dead_code, unused_imports)] // what the tests use
#[path = "../tests/tcp_endpoint/support/mod.rs"]
mod support;

use support::{Host, SERVER, ack, ready, syn};

const REQUESTS: usize = 200_000;
/// Frames a loop takes at once.
const BATCH: usize = 32;

struct Client {
    address: SocketAddr,
    next: u32,
    expected: u32,
    flow: Flow,
}

impl Client {
    fn new(host: &mut Host, listener: &mut Listener, number: u32) -> Self {
        let address = Ipv4Addr::from_bits(0x0a01_0000 + number / 1000);
        let address = SocketAddr::new(address.into(), 1024 + (number % 1000) as u16);
        host.input_from(address, SERVER, syn(1), &[]);
        let expected = host.answer().seq.0.wrapping_add(1);
        host.input_from(address, SERVER, ack(2, expected), &[]);
        host.poll();
        Self { address, next: 2, expected, flow: ready(mirage::Listener::accept(listener)).unwrap() }
    }

    fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let segment = Segment {
            source_port: self.address.port(),
            destination_port: SERVER.port(),
            psh: true,
            ..ack(self.next, self.expected)
        };
        [&*segment.emit(&mut [0; 60]), payload].concat()
    }

    fn serve(&mut self) {
        let length = ready(self.flow.fill_buf()).unwrap().len();
        self.flow.consume(length);
        ready(self.flow.write_all(b"200")).unwrap();
        ready(self.flow.flush()).unwrap();
    }
}

fn main() {
    println!("{:>12} {:>12} {:>22}", "connections", "ns/packet", "visits/request");
    for count in [10, 200, 1000, 10_000, 50_000] {
        let mut host = Host::new();
        let mut listener = host.listen();
        let mut clients: Vec<_> = (0..count).map(|number| Client::new(&mut host, &mut listener, number)).collect();
        let visits = host.tcp.stats().visits;
        let mut spent = Duration::ZERO;
        let order: Vec<usize> = (0..REQUESTS).map(|at| at * 7919 % clients.len()).collect();
        for batch in order.chunks(BATCH.min(clients.len())) {
            let packets = |clients: &[Client], payload: &[u8]| {
                let packet = |&at: &usize| (clients[at].address.ip(), clients[at].packet(payload));
                batch.iter().map(packet).collect::<Vec<_>>()
            };
            let mut requests = packets(&clients, b"GET");
            for &at in batch {
                (clients[at].next, clients[at].expected) =
                    (clients[at].next.wrapping_add(3), clients[at].expected.wrapping_add(3));
            }
            let mut acknowledgments = packets(&clients, b"");

            let received = Received { checksum: true, segment: 0 };
            let start = Instant::now();
            for (from, packet) in &mut requests {
                host.input_bytes(*from, SERVER.ip(), packet, received);
            }
            batch.iter().for_each(|&at| clients[at].serve());
            host.poll();
            for (from, packet) in &mut acknowledgments {
                host.input_bytes(*from, SERVER.ip(), packet, received);
            }
            host.poll();
            spent += start.elapsed();
            while let Some(answer) = host.link.take() {
                black_box(answer.bytes);
            }
        }
        // A request, its answer, and the acknowledgment of that.
        let each = spent.as_nanos() / (3 * REQUESTS as u128);
        let visits = (host.tcp.stats().visits - visits) as f64 / REQUESTS as f64;
        println!("{count:>12} {each:>12} {visits:>22.2}");
    }
}
