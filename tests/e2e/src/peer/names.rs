//! dnsmasq in the host's place: addresses by DHCP, names by DNS.

use std::fs;
use std::net::Ipv4Addr;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::{Direct, Space, get, have, skip};

/// A DHCP and DNS server in a namespace; ended when dropped.
struct Dnsmasq {
    process: Child,
    folder: TempDir,
}

impl Dnsmasq {
    /// Leases are to be renewed after `renewal` seconds. It knows the names `site.test` and `alias.test`, 10.0.0.1.
    fn start(space: &Space, renewal: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let leases = folder.path().join("leases");
        let mut command = space.run("dnsmasq");
        command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-ping"]);
        command.args([
            "--user=root",
            "--interface=tap0",
            "--bind-interfaces",
            "--log-facility=-",
            "--log-dhcp",
            "--log-queries",
        ]);
        command.args(["--dhcp-authoritative", "--dhcp-range=10.0.0.50,10.0.0.99,255.255.255.0,120s"]);
        command.args(["--address=/site.test/10.0.0.1", "--cname=alias.test,site.test"]);
        command.arg(format!("--dhcp-option=option:T1,{renewal}s"));
        command.arg(format!("--dhcp-option=option:T2,{}s", renewal * 2));
        command.arg(format!("--dhcp-leasefile={}", leases.display()));
        command.arg("--pid-file");
        let log = fs::File::create(folder.path().join("log")).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self { process: command.spawn().expect("it starts"), folder }
    }

    /// What it said so far.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    /// Waits until it has said something as often.
    fn wait_for(&self, text: &str, times: usize) {
        for _ in 0..6000 {
            if self.log().matches(text).count() >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not {times} times {text:?} in\n{}", self.log());
    }

    /// The one address it has leased.
    fn leased(&self) -> Ipv4Addr {
        // What it says, and not its file of leases: that it writes anew now and then.
        let log = self.log();
        let granted = log.rsplit("DHCPACK(").next().and_then(|rest| rest.split_whitespace().nth(1));
        granted.expect("a lease").parse().expect("an address")
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A lease, its renewal, and a server that is gone and comes back.
pub fn an_address_by_dhcp_renewed_and_asked_for_again(knocking: &Direct) {
    let what = "DHCP from dnsmasq";
    let Some(space) = Space::new(what) else { return };
    if !have("dnsmasq") {
        return skip(what, "there is no `dnsmasq` (package dnsmasq-base)");
    }
    let server = Dnsmasq::start(&space, 3);
    let mut unikernel = knocking.boot(&space, &Direct::ONE, &[]);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let address = server.leased();
    let page = space.within(|| get(&[&format!("http://{address}/")])).expect("a page");
    assert!(page.contains("Hello from a unikernel!"), "{page}");

    // The first acknowledgement is of the lease, those after it of its renewals.
    server.wait_for("DHCPACK", 3);
    drop(server);
    // The server is gone: by the time it is asked by broadcast there is another, which takes the lease over.
    let server = Dnsmasq::start(&space, 3);
    server.wait_for("DHCPACK", 2);
    let page = space.within(|| get(&[&format!("http://{}/", server.leased())])).expect("a page");
    assert!(page.contains("Hello from a unikernel!"), "{page}");
}

/// Nobody answers at first.
pub fn a_server_that_comes_late_is_found(knocking: &Direct) {
    let what = "DHCP from a dnsmasq that comes late";
    let Some(space) = Space::new(what) else { return };
    if !have("dnsmasq") {
        return skip(what, "there is no `dnsmasq` (package dnsmasq-base)");
    }
    let mut unikernel = knocking.boot(&space, &Direct::ONE, &[]);
    unikernel.wait_for("no server answers the interface ");
    let _server = Dnsmasq::start(&space, 60);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
}

/// The proxy's site by its name.
pub fn names_resolve_through_the_server_dhcp_told_of(knocking: &Direct) {
    let what = "names from dnsmasq";
    let Some(space) = Space::new(what) else { return };
    if !have("dnsmasq") {
        return skip(what, "there is no `dnsmasq` (package dnsmasq-base)");
    }
    let server = Dnsmasq::start(&space, 60);
    // Nobody listens there: the proxy says that it was refused, which it can only be once the name has resolved.
    let mut unikernel =
        knocking.boot(&space, &Direct::ONE, &["--site", "1=site.test:8080", "--site", "2=nowhere.test"]);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let address = server.leased();
    let ask = |door: u16| {
        space.within(|| {
            for port in [32_000, 32_000 + door] {
                let mut knock = std::net::TcpStream::connect((address, port)).expect("a door");
                if port == 32_000 {
                    std::io::Write::write_all(&mut knock, b"reset\n").expect("it reads");
                }
                std::io::Read::read_to_end(&mut knock, &mut vec![]).expect("it closes");
            }
            get(&["-i", &format!("http://{address}/")]).expect("a page")
        })
    };
    let known = ask(1);
    assert!(known.starts_with("HTTP/1.1 502 "), "{known}");
    let unknown = ask(2);
    assert!(unknown.starts_with("HTTP/1.1 502 "), "{unknown}");
    assert!(server.log().contains("query"), "it was asked");
}
