//! dnsmasq, a server of DHCP and DNS.

use std::fs;
use std::net::Ipv4Addr;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::{Space, have, skip};

/// A server in a namespace, on all interfaces there are by then; ended when dropped.
pub struct Dnsmasq {
    process: Child,
    folder: TempDir,
}

impl Dnsmasq {
    /// Addresses to be leased, of the namespace's tap.
    pub const RANGE: &str = "--dhcp-range=10.0.0.50,10.0.0.99,255.255.255.0,120s";

    /// Whether there is the program; a line says so if not.
    pub fn is_there(what: &str) -> bool {
        let there = have("dnsmasq");
        if !there {
            skip(what, "there is no `dnsmasq` (package dnsmasq-base)");
        }
        there
    }

    /// One that knows of no leases. What it is to lease, and whatever else it does, is in its arguments.
    pub fn start(space: &Space, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = fs::File::create(folder.path().join("log")).expect("a file");
        let mut command = space.run("dnsmasq");
        command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-ping"]);
        command.args(["--user=root", "--bind-interfaces", "--pid-file", "--log-facility=-", "--log-dhcp"]);
        command.arg("--dhcp-authoritative").args(arguments);
        command.arg(format!("--dhcp-leasefile={}", folder.path().join("leases").display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self { process: command.spawn().expect("it starts"), folder }
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("ours").is_none()
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    /// Waits until it has said something as often.
    pub fn wait_for(&self, text: &str, times: usize) {
        for _ in 0..6000 {
            if self.log().matches(text).count() >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not {times} times {text:?} in\n{}", self.log());
    }

    /// The one address it has leased.
    pub fn leased(&self) -> Ipv4Addr {
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
