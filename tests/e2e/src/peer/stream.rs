//! Streams of bytes, each of which is looked at, and many connections.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use crate::{Direct, Outcome, Space, have, receive_all, send_all, skip};

/// As many bytes each way, from a thread and to another one in the unikernel's namespace.
pub fn bytes_arrive_whole_both_ways(bulk: &Direct, count: u64) {
    let Some(space) = Space::new(&format!("{} MiB each way over a tap", count >> 20)) else { return };
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        send_all(count);
        receive_all(count);
    });
}

/// As fast as it can, over this many connections that are kept: each request is answered.
pub fn wrk_has_every_request_answered(bulk: &Direct, connections: u32) {
    let Some(space) = Space::new("wrk") else { return };
    if !have("wrk") {
        return skip("wrk", "there is no `wrk` (package wrk)");
    }
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    let mut wrk = space.run("wrk");
    wrk.args(["--threads=1", "--duration=2s", "--timeout=20s", &format!("--connections={connections}")]);
    let said = Outcome::of(wrk.arg("http://10.0.0.2/")).ends_with(0).out;
    let count = said.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse::<u64>().ok());
    assert!(count.is_some_and(|count| count >= connections.into()), "{said}");
    assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
}

/// As many connections, each of which is used twice.
pub fn many_connections_at_once(bulk: &Direct, connections: usize) {
    let Some(space) = Space::new(&format!("{connections} connections over a tap")) else { return };
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    space.within(|| {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let most = limit.maximum.unwrap_or(u64::MAX).min(20_000);
        let raised = rustix::process::Rlimit { current: Some(most), maximum: limit.maximum };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("within the limit");
        let count = connections.min(most as usize - 200);
        if count < connections {
            skip("so many connections", &format!("only {most} files may be open here: {count} it is"));
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
