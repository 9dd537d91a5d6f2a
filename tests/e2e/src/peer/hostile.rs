//! Floods, slow clients, scans and a bad wire.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{Direct, Outcome, Space, get, have, receive_all, send_all, skip};

fn echo(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).expect("it reads");
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).expect("an echo");
    assert_eq!(back, text);
}

/// Handshakes that nobody ends, while an old client and new ones are served.
pub fn a_syn_flood_holds_up_neither_old_clients_nor_new_ones(bulk: &Direct) {
    let Some(space) = Space::new("a SYN flood") else { return };
    if !have("hping3") {
        return skip("a SYN flood", "there is no `hping3` (package hping3)");
    }
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    let mut old = space.within(|| Direct::connect(7));
    // From an address behind the gateway, which does not route: nobody ends these handshakes.
    let mut flood = space.run("hping3");
    flood.args(["-q", "-S", "-p", "80", "-a", "10.9.9.9", "-i", "u20", "-c", "400000", "10.0.0.2"]);
    let mut flood = flood.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    for round in 0..40 {
        echo(&mut old, format!("round {round}").as_bytes());
        space.within(|| echo(&mut Direct::connect(7), b"somebody new"));
        let page = space.within(|| {
            let mut stream = Direct::connect(80);
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

/// Clients that never end their requests.
pub fn slow_clients_hold_up_nobody(http: &Direct) {
    let Some(space) = Space::new("slowloris") else { return };
    let mut unikernel = http.boot_static(&space);
    unikernel.wait_for("serving HTTP");
    space.within(|| {
        let mut slow: Vec<TcpStream> = (0..500).map(|_| Direct::connect(80)).collect();
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

/// nmap's scans and floods of pings, small and in fragments.
pub fn scans_and_ping_floods_leave_it_serving(bulk: &Direct) {
    let Some(space) = Space::new("scans and ping floods") else { return };
    let mut unikernel = bulk.boot_static(&space);
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
    space.within(|| echo(&mut Direct::connect(7), b"still here"));
}

/// Sends this many MiB through and reads as many back, over a wire of these conditions; 1 GiB when the environment has
/// `MIRAGE_LONG`, which takes some five minutes for the worst of them.
pub fn over_a_bad_wire(wire: &Direct, bulk: &Direct, conditions: &[&str], mebibytes: u64) {
    let what = format!("a wire with {}", conditions.join(" "));
    let Some(space) = Space::new(&what) else { return };
    let count = if std::env::var_os("MIRAGE_LONG").is_some() { 1 << 30 } else { mebibytes << 20 };
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
    let mut wire = wire.boot(&space, &[("left-", "wire0"), ("right-", "wire1")], conditions);
    eprintln!("{}", wire.wait_for("the wire is up"));
    // A wire carries frames of its own length: whoever sends cuts them first.
    for end in ["wire0", "wire1"] {
        Outcome::of(space.run("ethtool").args(["-K", end, "tso", "off", "gso", "off", "tx", "off"])).ends_with(0);
    }
    let mut unikernel = bulk.boot_static(&space);
    unikernel.wait_for("bulk is ready");
    for (way, carry) in [("in", send_all as fn(u64)), ("out", receive_all)] {
        let start = Instant::now();
        space.within(|| carry(count));
        eprintln!("{what}: {count} bytes {way} in {:?}", start.elapsed());
    }
}
