//! Ports of this host for what a test starts.
//!
//! They are outside of those the kernel gives to connections: one it had chosen for a test (port 0) could be a connection's
//! before the server that it is meant for has it.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::{Range, RangeInclusive};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Mutex;

/// How many ports a process takes at once.
const BLOCK: u16 = 300;
/// Below are those of services.
const FIRST: u16 = 10_000;

/// The blocks this process has taken: names that other processes see, and that end with it.
static TAKEN: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());

/// A port of TCP and UDP that nothing uses, and no other caller gets while this process runs.
pub fn free_port() -> u16 {
    static LEFT: Mutex<Range<u16>> = Mutex::new(0..0);
    let mut left = LEFT.lock().expect("no panic while it is held");
    left.next().unwrap_or_else(|| {
        *left = block();
        left.next().expect("a block is not empty")
    })
}

/// The first of `count` such ports in a row, 300 at the most.
pub fn free_ports(count: u16) -> u16 {
    assert!(count <= BLOCK, "so many are not taken at once");
    block().start
}

/// Takes a block for this process.
fn block() -> Range<u16> {
    let theirs = of_connections();
    let blocks = (FIRST..=u16::MAX - BLOCK).step_by(BLOCK.into()).map(|first| first..first + BLOCK);
    // Where connections may have nearly all of them, there are no better ones.
    let (inside, outside): (Vec<_>, Vec<_>) =
        blocks.partition(|block| block.start <= *theirs.end() && *theirs.start() < block.end);
    outside.into_iter().chain(inside).find(take).expect("free ports")
}

/// The ports that the kernel gives to connections.
fn of_connections() -> RangeInclusive<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").expect("Linux tells");
    let mut ends = range.split_whitespace().map(|port| port.parse().expect("a port"));
    let mut end = || ends.next().expect("two ports");
    end()..=end()
}

/// Takes a block, unless somebody has it or uses one of its ports.
fn take(block: &Range<u16>) -> bool {
    let name = SocketAddr::from_abstract_name(format!("mirage-test-ports-{}", block.start)).expect("a name");
    let Ok(mine) = UnixDatagram::bind_addr(&name) else { return false };
    let free = |port| {
        let everywhere = (Ipv4Addr::UNSPECIFIED, port);
        TcpListener::bind(everywhere).is_ok() && UdpSocket::bind(everywhere).is_ok()
    };
    let all = block.clone().all(free);
    if all {
        TAKEN.lock().expect("no panic while it is held").push(mine);
    }
    all
}
