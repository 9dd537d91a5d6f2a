//! Ports of this host for what a test starts.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Mutex;

/// The ports this process has given out: names that others see, and that end with it.
static GIVEN: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());

/// A port of the loopback interface, of TCP and UDP, that nothing uses and no other caller gets while this process
/// runs.
///
/// One that the kernel chooses (port 0) would be among those it gives to connections, and could be one's before the
/// server that it is meant for has it.
pub fn free_port() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").expect("Linux tells");
    let [first, last] = range.split_whitespace().map(|port| port.parse().expect("a port")).collect::<Vec<u16>>()[..]
    else {
        panic!("two ports, not {range:?}")
    };
    let theirs = first..=last;
    let outside = (10_000..=u16::MAX).filter(|port| !theirs.contains(port));
    // Where connections may have all of them, there is no better one.
    outside.chain(theirs.clone()).find(|&port| give(port)).expect("a free port")
}

/// Takes a port for this process, unless somebody has it.
fn give(port: u16) -> bool {
    let name = SocketAddr::from_abstract_name(format!("mirage-test-port-{port}")).expect("a name");
    let Ok(mine) = UnixDatagram::bind_addr(&name) else { return false };
    let here = (Ipv4Addr::LOCALHOST, port);
    let free = TcpListener::bind(here).is_ok() && UdpSocket::bind(here).is_ok();
    if free {
        GIVEN.lock().expect("no panic while it is held").push(mine);
    }
    free
}
