//! Layers on their own and several interfaces, with Linux's stack at the other ends: the ping tool and the bridge among
//! the examples, and one stack over two interfaces.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use mirage_e2e::{Direct, Dnsmasq, Outcome, Project, Space, get, have, root, skip};

/// An example, as if it were a user's.
fn example(name: &str) -> Project {
    let project = Project::new(name, "hello");
    for entry in fs::read_dir(root().join("examples").join(name)).expect("an example") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            project.write(&file, &fs::read_to_string(&path).expect("text"));
        }
    }
    project
}

static PING: Direct = Direct::bare(|| example("ping"));

static BRIDGE: Direct = Direct::bare(|| example("bridge"));

/// The page, over a stack with two interfaces.
static TWO: Direct = Direct::bare(|| {
    let project = Project::new("two-interfaces", "http");
    project.write(
        "config.rs",
        r#"use mirage_config::prelude::*;

fn main() -> Unikernel {
    let stack = multihomed_stack(("lan", network()), [("dmz", network())]);
    unikernel("two-interfaces")
        .job(job!(two_interfaces::start(tcp_of(stack), default_time(), default_spawn(), args())))
}
"#,
    );
    project
});

/// Adds a tap of this name and address to a namespace.
fn tap(space: &Space, name: &str, addresses: &[&str]) {
    space.ip(&["tuntap", "add", name, "mode", "tap", "vnet_hdr"]);
    space.ip(&["link", "set", name, "up"]);
    for address in addresses {
        let family: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
        space.ip(&[&["address", "add", address, "dev", name], family].concat());
    }
}

#[test]
fn ping_asks_linux() {
    let Some(space) = Space::new("the ping tool") else { return };
    let own = ["--interface", Space::TAP, "--ipv4", "10.0.0.2/24", "--ipv6", "fd00::2/64", "--interval", "0.1"];
    for (to, size) in [("10.0.0.1", "56"), ("fd00::1", "56"), ("10.0.0.1", "4000"), ("fd00::1", "4000")] {
        let mut ping = PING.boot(&space, &[], &[&own[..], &["--to", to, "--size", size]].concat());
        ping.wait_for(&format!("from {to}: number 3, "));
        ping.wait_for("4 asked, 4 answered");
        assert_eq!(ping.status(), 0);
    }
    let mut ping = PING.boot(&space, &[], &[&own[..], &["--to", "10.0.0.77", "--count", "1"]].concat());
    ping.wait_for("10.0.0.77 does not answer");
    assert_eq!(ping.status(), 1);
}

#[test]
fn one_stack_over_two_interfaces() {
    let Some(space) = Space::new("two interfaces") else { return };
    tap(&space, "tap1", &["10.1.0.1/24"]);
    space.ip(&["address", "add", "10.9.0.1/32", "dev", "lo"]);
    // The route says by which of the two the page goes to who asks from 10.9.0.1; the router to everywhere is another.
    let told = [
        "--lan-interface",
        "tap0",
        "--lan-ipv4=10.0.0.2/24",
        "--lan-ipv4-gateway=10.0.0.77",
        "--lan-ipv6=fd00::2/64",
        "--dmz-interface=tap1",
        "--dmz-ipv4=10.1.0.2/24",
        "--dmz-ipv4-route=10.9.0.0/16=10.1.0.1",
    ];
    let mut unikernel = TWO.boot(&space, &[], &told);
    unikernel.wait_for("serving HTTP");
    for arguments in [
        &["http://10.0.0.2/"][..],
        &["http://10.1.0.2/"],
        &["--interface", "10.9.0.1", "http://10.1.0.2/"],
        &["http://[fd00::2]/"],
    ] {
        let page = space.within(|| get(arguments)).expect("a page");
        assert!(page.contains("Hello from a unikernel!"), "{arguments:?}: {page}");
    }
}

/// By DHCP each, or one told and the other by DHCP.
#[test]
fn each_interface_asks_for_its_address() {
    let what = "DHCP on two interfaces";
    let Some(space) = Space::new(what) else { return };
    if !Dnsmasq::is_there(what) {
        return;
    }
    tap(&space, "tap1", &["10.1.0.1/24"]);
    let ranges = ["10.0.0.50,10.0.0.50", "10.1.0.60,10.1.0.60"].map(|range| format!("--dhcp-range={range},120s"));
    let told: &[&str] = &["--lan-ipv4=10.0.0.2/24"];
    for (told, at) in [(&[][..], "10.0.0.50"), (told, "10.0.0.2")] {
        // It has one address for each interface, and forgets who had it.
        let mut server = Dnsmasq::start(&space, &ranges.each_ref().map(String::as_str));
        let own = ["--lan-interface=tap0", "--dmz-interface=tap1"];
        let mut unikernel = TWO.boot(&space, &[], &[&own[..], told].concat());
        unikernel.wait_for("serving HTTP");
        for address in [at, "10.1.0.60"] {
            let page = space.within(|| get(&[&format!("http://{address}/")])).expect("a page");
            assert!(page.contains("Hello from a unikernel!"), "{address}: {page}");
        }
        assert!(server.is_running(), "the server is still there");
    }
}

#[test]
fn routes_that_cannot_be_are_refused() {
    let Some(space) = Space::new("routes that cannot be") else { return };
    tap(&space, "tap1", &[]);
    let own = ["--lan-interface=tap0", "--dmz-interface=tap1", "--lan-ipv4=10.0.0.2/24", "--dmz-ipv4=10.1.0.2/24"];
    for (argument, status, why) in [
        ("--lan-ipv4-route=10.9.0.0/16=10.1.0.1", 2, "is no other host of the network of `--ipv4 10.0.0.2/24`"),
        ("--dmz-ipv4-gateway=10.0.0.1", 2, "it is outside of the network"),
        ("--dmz-ipv6-route=fd09::/16=fd00::1", 2, "is in no network this host is told to be in"),
        ("--lan-ipv4-route=10.9.0.1/16=10.0.0.1", 64, "its network is `10.9.0.0/16`"),
        ("--lan-nameserver=localhost", 64, "it is not an address"),
    ] {
        let mut unikernel = TWO.boot(&space, &[], &[&own[..], &[argument]].concat());
        unikernel.wait_for(why);
        assert_eq!(unikernel.status(), status, "{argument}");
    }
}

#[test]
fn a_bridge_carries_all_that_linux_sends() {
    let what = "the bridge";
    let (Some(here), Some(there)) = (Space::new(what), Space::new(what)) else { return };
    if !have("ping") {
        return skip(what, "there is no `ping` (package iputils-ping)");
    }
    tap(&here, "left", &["10.7.0.1/24", "fd07::1/64"]);
    here.ip(&["tuntap", "add", "right", "mode", "tap", "vnet_hdr"]);
    let mut bridge = BRIDGE.boot(&here, &[], &["--left-interface", "left", "--right-interface", "right"]);
    bridge.wait_for("between ");
    // Its other interface goes to another host, and stays the bridge's there.
    here.ip(&["link", "set", "right", "netns", there.name()]);
    there.ip(&["link", "set", "right", "up"]);
    there.ip(&["address", "add", "10.7.0.2/24", "dev", "right"]);
    there.ip(&["address", "add", "fd07::2/64", "dev", "right", "nodad"]);
    for to in ["10.7.0.2", "fd07::2"] {
        let mut ping: Command = here.run("ping");
        Outcome::of(ping.args(["-c", "3", "-i", "0.2", "-s", "3000", "-W", "5", to])).ends_with(0);
    }
    // Linux leaves checksums and cutting to its interface: the bridge to the one on the other side.
    let listener = there.within(|| TcpListener::bind("[::]:7000").expect("a free port"));
    for to in ["10.7.0.2:7000", "[fd07::2]:7000"] {
        let sent: Vec<u8> = (0..8_000_000_u32).map(|at| (at * 31 + at / 251) as u8).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut all = Vec::new();
                stream.read_to_end(&mut all).expect("all of it");
                assert!(all == sent, "{to}: {} bytes", all.len());
                stream.write_all(&all).expect("it reads");
            });
            let mut stream = here.within(|| TcpStream::connect(to).expect("a connection"));
            stream.write_all(&sent).expect("it reads");
            stream.shutdown(std::net::Shutdown::Write).expect("an end");
            let mut back = Vec::new();
            stream.read_to_end(&mut back).expect("all of it");
            assert!(back == sent, "{to}: {} bytes back", back.len());
        });
    }
}

#[test]
fn an_interface_that_cannot_be_had_is_said_with_what_helps() {
    let Some(space) = Space::new("interfaces that cannot be had") else { return };
    let own = ["--ipv4=10.0.0.2/24", "--to=10.0.0.77"];
    let mut first = PING.boot(&space, &[], &[&own[..], &["--interval=60"]].concat());
    first.wait_for("the address is 10.0.0.2/24");
    let mut second = PING.boot(&space, &[], &own);
    second.wait_for("`tap0` is in use by another process");
    assert_eq!(second.status(), 2);
    if !have("unshare") || !have("setpriv") {
        return skip("/dev/net/tun that is not there", "there is no `unshare` or no `setpriv` (package util-linux)");
    }
    // Where a process sees another /dev/net.
    let elsewhere = |prepare: &str| {
        let mut command = space.run("unshare");
        command.args(["--mount", "sh", "-c", &format!("mount -t tmpfs none /dev/net && {prepare} exec \"$@\"")]);
        command.args(["sh", "setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
        Outcome::of(command.arg(PING.image()).args(own)).ends_with(2)
    };
    elsewhere("").says(&["there is no /dev/net/tun", "sudo modprobe tun"]);
    elsewhere(": > /dev/net/tun && chmod 0 /dev/net/tun &&").says(&["/dev/net/tun: permission denied"]);
}

#[test]
fn an_address_that_linux_has_is_noticed() {
    let Some(space) = Space::new("an address clash") else { return };
    let told = ["--ipv4=10.0.0.1/24", "--to=10.0.0.77", "--interval=60"];
    let mut ping = PING.boot(&space, &[], &told);
    ping.wait_for("10.0.0.1 is also the address of");
}

#[test]
fn a_leased_address_that_linux_has_is_declined() {
    let what = "DHCP of an address that somebody has";
    let Some(space) = Space::new(what) else { return };
    if !Dnsmasq::is_there(what) {
        return;
    }
    // All that is leased but one, which is not the first to be leased.
    let taken = |word: &str| {
        (50..99).for_each(|last| space.ip(&["address", word, &format!("10.0.0.{last}/24"), "dev", Space::TAP]));
    };
    taken("add");
    let mut server = Dnsmasq::start(&space, &[Dnsmasq::RANGE]);
    let mut ping = PING.boot(&space, &[], &["--to=10.0.0.1", "--interval=0.1"]);
    let said = ping.wait_for("has it: it is declined; asking for another");
    assert!(said.contains("is leased to this host"), "{said}");
    taken("del");
    ping.wait_for("4 asked, 4 answered");
    assert_eq!(ping.status(), 0);
    assert!(server.is_running(), "the server is still there");
}
