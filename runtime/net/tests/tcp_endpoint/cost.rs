//! What a packet costs does not depend on how many connections there are.

use std::net::SocketAddr;

use embedded_io_async::Write;
use mirage::Listener;

use crate::support::{Host, SERVER, ack, flushed, ready, syn};

fn peer(number: u32) -> SocketAddr {
    let address = std::net::Ipv4Addr::from_bits(0x0a01_0000 + number / 1000);
    SocketAddr::new(address.into(), 1024 + (number % 1000) as u16)
}

/// How often a connection is looked at for a request and its answer on one connection among `count`.
fn visits(count: u32) -> u64 {
    let mut host = Host::new();
    let mut listener = host.listen();
    let mut flows = Vec::new();
    for number in 0..count {
        host.input_from(peer(number), SERVER, syn(1), &[]);
        let here = host.answer().seq.0 + 1;
        host.input_from(peer(number), SERVER, ack(2, here), &[]);
        flows.push((here, ready(listener.accept()).unwrap()));
    }
    host.poll();
    assert_eq!(host.deadline, None, "nothing is due on connections that are idle");
    assert_eq!(host.tcp.stats().connections, count as usize);

    let before = host.tcp.stats().visits;
    let (here, flow) = &mut flows[count as usize / 2];
    let from = peer(count / 2);
    host.input_from(from, SERVER, ack(2, *here), b"GET");
    ready(flow.write_all(b"200")).unwrap();
    flushed(flow).unwrap();
    assert_eq!(host.sent().len(), 1);
    host.input_from(from, SERVER, ack(5, *here + 3), &[]);
    host.poll();
    host.tcp.stats().visits - before
}

#[test]
fn only_what_has_something_to_do_is_looked_at() {
    let few = visits(2);
    assert!(few <= 4, "{few}");
    assert_eq!(visits(5000), few);
}
