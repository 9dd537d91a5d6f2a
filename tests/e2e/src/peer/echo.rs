//! What is sent back.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};

use crate::direct::PATIENCE;
use crate::{Direct, Outcome, Space, have, pattern, skip};

/// Small and large ones, which go in fragments, over TCP, UDP and ICMP.
pub fn echo_over_tcp_and_udp_and_ping(bulk: &Direct) {
    let Some(space) = Space::new("echo over a tap") else { return };
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        let mut stream = Direct::connect(7);
        stream.write_all(b"hello").expect("it reads");
        let mut back = [0; 5];
        stream.read_exact(&mut back).expect("an echo");
        assert_eq!(&back, b"hello");
        stream.shutdown(Shutdown::Write).expect("an end");
        assert_eq!(stream.read(&mut back).expect("an end"), 0, "half-closed, then closed");

        let socket = UdpSocket::bind("10.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        // The larger ones go in fragments, both ways.
        for length in [0, 1, 1400, 1472, 1473, 8000, 65_000] {
            let sent: Vec<u8> = (0..length).map(pattern).collect();
            socket.send_to(&sent, (Direct::ADDRESS, 7)).expect("it goes");
            let mut back = vec![0; 65_535];
            let (length, from) = socket.recv_from(&mut back).expect("an echo");
            assert_eq!((from, &back[..length]), (SocketAddr::from((Direct::ADDRESS, 7)), &sent[..]));
        }

        let refused = TcpStream::connect_timeout(&SocketAddr::from((Direct::ADDRESS, 1)), PATIENCE);
        assert_eq!(refused.expect_err("nobody listens").kind(), std::io::ErrorKind::ConnectionRefused);
    });
    if !have("ping") {
        return skip("ping", "there is no `ping` (package iputils-ping)");
    }
    for size in ["56", "1472", "1473", "20000"] {
        let mut ping = space.run("ping");
        Outcome::of(ping.args(["-c", "20", "-i", "0.01", "-W", "10", "-s", size, "10.0.0.2"])).ends_with(0);
    }
}

/// The same over IPv6.
pub fn echo_over_ipv6(bulk: &Direct) {
    let Some(space) = Space::new("echo over IPv6") else { return };
    let arguments = ["--ipv4", "10.0.0.2/24", "--ipv6", "fd00::2/64"];
    let mut unikernel = bulk.boot(&space, &Direct::ONE, &arguments);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        let there = |port| SocketAddr::from(("fd00::2".parse::<std::net::Ipv6Addr>().expect("an address"), port));
        let mut stream = TcpStream::connect_timeout(&there(7), PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let sent: Vec<u8> = (0..300_000).map(pattern).collect();
        let mut reader = stream.try_clone().expect("another handle");
        let back = std::thread::spawn(move || {
            let mut back = vec![];
            reader.read_to_end(&mut back).map(|_| back)
        });
        stream.write_all(&sent).expect("it reads");
        stream.shutdown(Shutdown::Write).expect("an end");
        assert!(back.join().expect("no panic").expect("an echo") == sent);

        let socket = UdpSocket::bind("[fd00::1]:0").expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        // The larger ones go in fragments, both ways.
        for length in [1, 1452, 1453, 20_000] {
            socket.send_to(&sent[..length], there(7)).expect("it goes");
            let mut back = vec![0; 65_535];
            let (count, from) = socket.recv_from(&mut back).expect("an echo");
            assert_eq!((from, &back[..count]), (there(7), &sent[..length]));
        }
        let refused = TcpStream::connect_timeout(&there(1), PATIENCE);
        assert_eq!(refused.expect_err("nobody listens").kind(), std::io::ErrorKind::ConnectionRefused);
    });
    if have("ping") {
        for size in ["56", "1452", "1453", "20000"] {
            let mut ping = space.run("ping");
            let ping = ping.args(["-6", "-q", "-f", "-c", "500", "-w", "60", "-s", size, "fd00::2"]);
            Outcome::of(ping).ends_with(0);
        }
    } else {
        skip("ping over IPv6", "there is no `ping` (package iputils-ping)");
    }
}
