//! Our own stack under floods, slow clients, scans and a bad wire, with Linux's at the other end.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use mirage_e2e::{Outcome, Project, Space, Unikernel, get, have, skip};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

const DIRECT: &[&str] = &["--net", "direct"];

const PATIENCE: Duration = Duration::from_secs(60);

fn image(
    which: &'static OnceLock<(Project, PathBuf)>,
    key: &[&str],
    project: impl FnOnce() -> Project,
) -> &'static Path {
    let (_, image) = which.get_or_init(|| {
        let project = project();
        project.call(&[&["build", "-t", "unix"], key].concat()).ends_with(0);
        let image = project.call(&["query", "image"]).ends_with(0).out;
        (project, PathBuf::from(image.trim()))
    });
    image
}

fn bulk() -> &'static Path {
    static BULK: OnceLock<(Project, PathBuf)> = OnceLock::new();
    image(&BULK, DIRECT, || Project::fixture("bulk"))
}

fn http() -> &'static Path {
    static HTTP: OnceLock<(Project, PathBuf)> = OnceLock::new();
    image(&HTTP, DIRECT, || Project::new("http-direct", "http"))
}

fn wire() -> &'static Path {
    static WIRE: OnceLock<(Project, PathBuf)> = OnceLock::new();
    // It has no stack, and so no key to choose one by.
    image(&WIRE, &[], || Project::fixture("wire"))
}

fn boot(space: &Space, image: &Path) -> Unikernel {
    let mut command = space.run(&image.display().to_string());
    command.args(["--interface", Space::TAP, "--ipv4", "10.0.0.2/24", "--ipv4-gateway", "10.0.0.1"]);
    Unikernel::spawn(&mut command)
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, port)), PATIENCE).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

fn echo(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).expect("it reads");
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).expect("an echo");
    assert_eq!(back, text);
}

#[test]
fn a_syn_flood_holds_up_neither_old_clients_nor_new_ones() {
    let Some(space) = Space::new("a SYN flood") else { return };
    if !have("hping3") {
        return skip("a SYN flood", "there is no `hping3` (package hping3)");
    }
    let mut unikernel = boot(&space, bulk());
    unikernel.wait_for("bulk is ready");
    let mut old = space.within(|| connect(7));
    // From an address behind the gateway, which does not route: nobody ends these handshakes.
    let mut flood = space.run("hping3");
    flood.args(["-q", "-S", "-p", "80", "-a", "10.9.9.9", "-i", "u20", "-c", "400000", "10.0.0.2"]);
    let mut flood = flood.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    for round in 0..40 {
        echo(&mut old, format!("round {round}").as_bytes());
        space.within(|| echo(&mut connect(7), b"somebody new"));
        let page = space.within(|| {
            let mut stream = connect(80);
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
            stream.shutdown(Shutdown::Write).expect("an end");
            let mut page = String::new();
            stream.read_to_string(&mut page).expect("a page");
            page
        });
        assert!(page.ends_with("\r\n\r\nok"), "{page}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(flood.try_wait().expect("ours").is_none(), "the flood ended before the test");
    flood.kill().expect("ours");
    flood.wait().expect("ours");
}

#[test]
fn slow_clients_hold_up_nobody() {
    let Some(space) = Space::new("slowloris") else { return };
    let mut unikernel = boot(&space, http());
    unikernel.wait_for("serving HTTP");
    space.within(|| {
        let mut slow: Vec<TcpStream> = (0..500).map(|_| connect(80)).collect();
        for stream in &mut slow {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").expect("it reads");
        }
        for _ in 0..3 {
            for stream in &mut slow {
                stream.write_all(b"a").expect("it reads");
            }
            let page = get(&["--max-time", "10", "http://10.0.0.2/"]).expect("a page");
            assert!(!page.is_empty());
        }
    });
}

#[test]
fn scans_and_ping_floods_leave_it_serving() {
    let Some(space) = Space::new("scans and ping floods") else { return };
    let mut unikernel = boot(&space, bulk());
    unikernel.wait_for("bulk is ready");
    if have("nmap") {
        let mut scan = space.run("nmap");
        let scan = Outcome::of(scan.args(["-Pn", "-n", "-sS", "-p", "1-200", "10.0.0.2"])).ends_with(0);
        for port in ["7/tcp", "9/tcp", "19/tcp", "80/tcp"] {
            assert!(scan.out.lines().any(|line| line.starts_with(port) && line.contains("open")), "{}", scan.out);
        }
        assert!(scan.out.contains("196 closed"), "{}", scan.out);
        for kind in ["-sN", "-sF", "-sX", "-sA", "-sW", "-sM"] {
            Outcome::of(space.run("nmap").args(["-Pn", "-n", kind, "-p", "1-100", "10.0.0.2"])).ends_with(0);
        }
    } else {
        skip("scans", "there is no `nmap` (package nmap)");
    }
    if have("ping") {
        for size in ["56", "8000", "60000"] {
            let mut flood = space.run("ping");
            Outcome::of(flood.args(["-q", "-f", "-c", "1000", "-w", "60", "-s", size, "10.0.0.2"])).ends_with(0);
        }
    } else {
        skip("ping floods", "there is no `ping` (package iputils-ping)");
    }
    space.within(|| echo(&mut connect(7), b"still here"));
}

/// Sends `count` bytes through and reads `count` back, over a wire of these conditions.
fn over_a_bad_wire(conditions: &[&str], count: usize) {
    let what = format!("a wire with {}", conditions.join(" "));
    let Some(space) = Space::new(&what) else { return };
    if !have("ethtool") {
        return skip(&what, "there is no `ethtool` (package ethtool)");
    }
    // tap0, the unikernel's, is bridged to one end of the wire; the other end is the host's.
    space.ip(&["address", "flush", "dev", Space::TAP]);
    space.ip(&["link", "add", "bridge0", "type", "bridge"]);
    for end in ["wire0", "wire1"] {
        space.ip(&["tuntap", "add", end, "mode", "tap", "vnet_hdr"]);
    }
    for port in [Space::TAP, "wire0"] {
        space.ip(&["link", "set", port, "master", "bridge0"]);
    }
    for link in ["bridge0", "wire0", "wire1"] {
        space.ip(&["link", "set", link, "up"]);
    }
    space.ip(&["address", "add", "10.0.0.1/24", "dev", "wire1"]);
    let mut command = space.run(&wire().display().to_string());
    command.args(["--left-interface", "wire0", "--right-interface", "wire1"]).args(conditions);
    let mut wire = Unikernel::spawn(&mut command);
    eprintln!("{}", wire.wait_for("the wire is up"));
    // A wire carries frames of its own length: whoever sends cuts them first.
    for end in ["wire0", "wire1"] {
        Outcome::of(space.run("ethtool").args(["-K", end, "tso", "off", "gso", "off", "tx", "off"])).ends_with(0);
    }
    let mut unikernel = boot(&space, bulk());
    unikernel.wait_for("bulk is ready");
    let bytes: Vec<u8> = (0..count).map(|at| (at * 7 + at / 251) as u8).collect();
    let sum = bytes.iter().fold(0_u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    space.within(|| {
        let mut stream = connect(9);
        stream.write_all(&bytes).expect("it takes them");
        stream.shutdown(Shutdown::Write).expect("an end");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("an answer");
        assert_eq!(said.trim(), format!("{count} {sum}"));

        let mut stream = connect(19);
        stream.write_all(format!("{count}\n").as_bytes()).expect("it reads");
        let mut back = vec![];
        stream.read_to_end(&mut back).expect("all of it");
        let pattern = |at: u64| (at.wrapping_mul(31) ^ (at >> 8) ^ (at >> 16)) as u8;
        assert_eq!(back.len(), count);
        assert!(back.iter().zip(0..).all(|(&byte, at)| byte == pattern(at)), "the pattern");
    });
}

#[test]
fn a_wire_that_loses_one_frame_in_a_thousand() {
    over_a_bad_wire(&["--loss", "10", "--latency", "1000"], 64 << 20);
}

#[test]
fn a_wire_that_loses_one_frame_in_a_hundred() {
    over_a_bad_wire(&["--loss", "100", "--latency", "1000"], 16 << 20);
}

#[test]
fn a_wire_that_loses_one_frame_in_twenty() {
    over_a_bad_wire(&["--loss", "500", "--latency", "1000"], 2 << 20);
}

#[test]
fn a_wire_that_reorders_and_doubles() {
    over_a_bad_wire(&["--reorder", "200", "--duplicate", "200", "--latency", "1000"], 16 << 20);
}

#[test]
fn a_long_wire() {
    over_a_bad_wire(&["--latency", "50000", "--loss", "10"], 8 << 20);
}
