//! A web server in a virtual machine, for long: nothing fails, nothing leaks, and it sleeps when there is nothing to do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use mirage_e2e::{Direct, Project, Space, Unikernel, have, root, skip};

/// The template, and a job that says what is in use of the heap.
static SERVES: Direct = Direct::machine(|| {
    let project = Project::new("serves", "http");
    let fixture = root().join("tests/e2e/fixtures/serves");
    for file in ["config.rs", "watch.rs"] {
        project.write(file, &fs::read_to_string(fixture.join(file)).expect("it is there"));
    }
    let use_it = "pub mod watch;\n\nuse core::time::Duration;";
    project.replace("unikernel.rs", "use core::time::Duration;", use_it);
    let pvh = format!("[dependencies]\nmirage-pvh = {{ path = {:?} }}", root().join("runtime/pvh"));
    project.replace("Cargo.toml", "[dependencies]", &pvh);
    project
});

/// How much more may be in use later than at first, in bytes: less than one a request or connection.
const SLACK: usize = 512;

/// How much more memory it may ever have touched, in KiB: one connection's buffers, as they happen to lie.
const TOUCHED: u64 = 512;

fn boot(what: &str) -> Option<(Space, Unikernel)> {
    if !have("qemu-system-x86_64") {
        skip(what, "there is no QEMU (package qemu-system-x86)");
        return None;
    }
    let space = Space::new(what)?;
    let mut unikernel = SERVES.boot_static(&space);
    unikernel.wait_for("serving HTTP on port 80");
    Some((space, unikernel))
}

/// One request on a connection that stays.
fn request(stream: &mut TcpStream) {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it reads");
    let (mut reply, mut piece) = (vec![], [0; 1024]);
    while !reply.ends_with(b"Hello from a unikernel!</h1>\n") {
        let length = stream.read(&mut piece).expect("a reply");
        assert!(length > 0, "it ends in {:?}", String::from_utf8_lossy(&reply));
        reply.extend_from_slice(&piece[..length]);
    }
    assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"), "{:?}", String::from_utf8_lossy(&reply));
}

/// Ends a connection, and sees the other side end it.
fn finish(mut stream: TcpStream) {
    stream.shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(stream.read(&mut [0]).expect("an end"), 0);
}

/// What is in use of the heap, in bytes.
fn used(unikernel: &mut Unikernel) -> usize {
    let mut stream = Direct::connect(81);
    assert_eq!(stream.read(&mut [0]).expect("an end"), 0);
    let line = unikernel.wait_for("in use: ");
    line.trim_end().rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// The process that is the machine.
fn monitor(unikernel: &Unikernel) -> String {
    let pid = unikernel.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("Linux tells");
    children.split_whitespace().next().expect("a monitor").to_owned()
}

/// How much of the machine's memory was ever touched, in KiB.
fn touched(unikernel: &Unikernel) -> u64 {
    let all = fs::read_to_string(format!("/proc/{}/smaps", monitor(unikernel))).expect("Linux tells");
    let memory = all.split_once("Size:              32768 kB").expect("32 MiB in one piece").1;
    let line = memory.lines().find_map(|line| line.strip_prefix("Rss:")).expect("what is there of it");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// The time a process has had, in hundredths of a second.
fn time(pid: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux tells");
    // Its name, which may have spaces, ends in the last parenthesis; utime and stime are the 14th and 15th of all.
    let fields = stat.rsplit(')').next().expect("there is a name");
    fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
}

#[test]
fn ten_thousand_requests_leave_nothing() {
    let Some((space, mut unikernel)) = boot("10,000 requests") else { return };
    space.within(|| {
        // Asked twice only: each time is a connection that the unikernel closes, and remembers for a while.
        let mut ask = |streams: &mut Vec<TcpStream>, thousands: usize| {
            for _ in 0..thousands * 100 {
                streams.iter_mut().for_each(request);
            }
            (used(&mut unikernel), touched(&unikernel))
        };
        let mut streams: Vec<TcpStream> = (0..10).map(|_| Direct::connect(80)).collect();
        let (first, last) = (ask(&mut streams, 1), ask(&mut streams, 9));
        eprintln!("after 1,000 requests: {first:?} (bytes in use, KiB touched), after 10,000: {last:?}");
        assert!(last.0 <= first.0 + SLACK, "in use after 1,000 {}, after 10,000 {}", first.0, last.0);
        assert!(last.1 <= first.1 + TOUCHED, "touched after 1,000 {}, after 10,000 {}", first.1, last.1);
        streams.into_iter().for_each(finish);
    });
}

#[test]
fn thousands_of_connections_leave_nothing() {
    let Some((space, mut unikernel)) = boot("1,000 connections") else { return };
    space.within(|| {
        let mut round = || {
            for _ in 0..1_000 {
                let mut stream = Direct::connect(80);
                request(&mut stream);
                finish(stream);
            }
            let mut held: Vec<TcpStream> = (0..1_000).map(|_| Direct::connect(80)).collect();
            held.iter_mut().for_each(request);
            held.iter_mut().for_each(request);
            held.into_iter().for_each(finish);
            (used(&mut unikernel), touched(&unikernel))
        };
        let (first, last) = (round(), [round(), round()][1]);
        eprintln!("after 2,000 connections: {first:?} (bytes in use, KiB touched), after 6,000: {last:?}");
        assert!(last.0 <= first.0 + SLACK, "in use after 2,000 {}, after 6,000 {}", first.0, last.0);
        assert!(last.1 <= first.1 + TOUCHED, "touched after 2,000 {}, after 6,000 {}", first.1, last.1);
    });
}

#[test]
fn with_nothing_to_do_it_sleeps() {
    let Some((space, unikernel)) = boot("an idle unikernel") else { return };
    let pid = monitor(&unikernel);
    space.within(|| {
        let mut stream = Direct::connect(80);
        request(&mut stream);
        let before = time(&pid);
        std::thread::sleep(Duration::from_secs(3));
        let spent = time(&pid) - before;
        eprintln!("{spent} hundredths of a second in 3 seconds");
        assert!(spent < 15, "{spent} hundredths of a second in 3 seconds");
        request(&mut stream);
    });
}
