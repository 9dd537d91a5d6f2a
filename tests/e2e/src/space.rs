//! A network namespace of a test's own: a host with Linux's TCP on the other end of a unikernel's tap.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::{Outcome, have, skip};

/// A network namespace with a tap device; removed, and all in it, when dropped.
pub struct Space {
    name: String,
}

impl Space {
    /// The tap's name.
    pub const TAP: &'static str = "tap0";

    /// A namespace whose end of the tap has the addresses 10.0.0.1/24 and fd00::1/64; none, and a line that says why,
    /// where that is not allowed.
    pub fn new(what: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !have("ip") {
            skip(what, "there is no `ip` (package iproute2)");
            return None;
        }
        let name = format!("mirage-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = Outcome::of(Command::new("ip").args(["netns", "add", &name]));
        if made.status != 0 {
            skip(what, &format!("no network namespace can be made here: {}", made.err.trim()));
            return None;
        }
        let space = Self { name };
        let tap = Outcome::of(space.run("ip").args(["tuntap", "add", Self::TAP, "mode", "tap", "vnet_hdr"]));
        if tap.status != 0 {
            skip(what, &format!("no tap device can be made here: {}", tap.err.trim()));
            return None;
        }
        space.ip(&["link", "set", "lo", "up"]);
        space.ip(&["link", "set", Self::TAP, "up"]);
        space.ip(&["address", "add", "10.0.0.1/24", "dev", Self::TAP]);
        space.ip(&["address", "add", "fd00::1/64", "dev", Self::TAP, "nodad"]);
        Some(space)
    }

    /// Two namespaces, a client's and a server's, with a veth pair between 10.0.0.1 and 10.0.0.2.
    pub fn pair(what: &str) -> Option<(Self, Self)> {
        let (client, server) = (Self::new(what)?, Self::new(what)?);
        for space in [&client, &server] {
            space.ip(&["link", "delete", Self::TAP]);
        }
        client.ip(&["link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", &server.name]);
        for (space, link, address) in [(&client, "veth0", "10.0.0.1/24"), (&server, "veth1", "10.0.0.2/24")] {
            space.ip(&["address", "add", address, "dev", link]);
            space.ip(&["link", "set", link, "up"]);
        }
        Some((client, server))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A call of a program in the namespace.
    pub fn run(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// A call of `ip` in the namespace, which must go well.
    pub fn ip(&self, arguments: &[&str]) {
        Outcome::of(Command::new("ip").args(["-n", &self.name]).args(arguments)).ends_with(0);
    }

    /// Does something on a thread that lives in the namespace: the sockets it opens are there.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let place: PathBuf = PathBuf::from("/run/netns").join(&self.name);
        thread::scope(|scope| {
            let inside = scope.spawn(move || {
                let space = File::open(&place).expect("the namespace is there");
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("whoever made it may enter it");
                act()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // What is left of a namespace that cannot be removed is for whoever reads the test's output to see.
        let gone = Outcome::of(Command::new("ip").args(["netns", "delete", &self.name]));
        if gone.status != 0 {
            eprintln!("the namespace {} is left behind: {}", self.name, gone.err.trim());
        }
    }
}
