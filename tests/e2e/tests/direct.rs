//! Our own TCP/IP stack on a tap device, with Linux's at the other end of it, in a network namespace.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use mirage_e2e::{Direct, Outcome, Project, Space, get, have, pattern, receive_all, send_all, skip};

/// How long anything may take before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

static BULK: Direct = Direct::new(|| Project::fixture("bulk"));

static KNOCKING: Direct = Direct::new(|| Project::new("knocking-direct", "knocking"));

#[test]
fn bytes_arrive_whole_both_ways() {
    let Some(space) = Space::new("1 GiB each way over a tap") else { return };
    let mut unikernel = BULK.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        send_all(1 << 30);
        receive_all(1 << 30);
    });
}

#[test]
fn echo_over_tcp_and_udp_and_ping() {
    let Some(space) = Space::new("echo over a tap") else { return };
    let mut unikernel = BULK.boot_static(&space);
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

#[test]
fn echo_over_ipv6() {
    let Some(space) = Space::new("echo over IPv6") else { return };
    let arguments = ["--interface", Space::TAP, "--ipv4", "10.0.0.2/24", "--ipv6", "fd00::2/64"];
    let mut unikernel = BULK.boot(&space, &arguments);
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

#[test]
fn many_connections_at_once() {
    const CONNECTIONS: usize = 10_000;
    let Some(space) = Space::new("10,000 connections over a tap") else { return };
    let mut unikernel = BULK.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let most = limit.maximum.unwrap_or(u64::MAX).min(20_000);
        let raised = rustix::process::Rlimit { current: Some(most), maximum: limit.maximum };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("within the limit");
        let count = CONNECTIONS.min(most as usize - 200);
        if count < CONNECTIONS {
            skip("10,000 connections", &format!("only {most} files may be open here: {count} it is"));
        }
        let mut streams: Vec<TcpStream> = (0..count).map(|_| Direct::connect(80)).collect();
        for _ in 0..2 {
            for stream in &mut streams {
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
            }
            for stream in &mut streams {
                let mut lines = BufReader::with_capacity(64, stream);
                let mut line = String::new();
                lines.read_line(&mut line).expect("a reply");
                assert_eq!(line, "HTTP/1.1 200 OK\r\n");
                let mut rest = [0; 23];
                lines.read_exact(&mut rest).expect("the rest");
                assert!(rest.ends_with(b"ok"), "{rest:?}");
            }
        }
    });
}

#[test]
fn the_demo_of_the_talk_over_our_own_stack() {
    let Some(space) = Space::new("the knocking demo over a tap") else { return };
    let mut unikernel = KNOCKING.boot_static(&space);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let page = space.within(|| get(&["-i", "http://10.0.0.2/"])).expect("a page");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Hello from a unikernel!"), "{page}");
    space.within(|| {
        for door in [1, 2] {
            let mut knock = Direct::connect(32_000 + door);
            let mut said = vec![];
            knock.read_to_end(&mut said).expect("it closes");
            assert_eq!(said, b"");
        }
    });
    unikernel.wait_for("Port 2: KNOCK KNOCK!");
    // Nobody resolves names here, and the proxy says so.
    let page = space.within(|| get(&["-i", "http://10.0.0.2/"])).expect("a page");
    assert!(page.starts_with("HTTP/1.1 502 "), "{page}");
}
