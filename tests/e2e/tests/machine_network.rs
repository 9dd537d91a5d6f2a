//! What `mirage run` connects a virtual machine's network interfaces to: that QEMU takes it, that it is there while the
//! machine runs, and that nothing of it is left. What goes through them is tried with the stack.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, Unikernel, free_port, get, have, skip};
use rustix::process::{Pid, Signal, kill_process};

const UNIKERNEL: &str = r#"
//! Two network interfaces that nothing comes through.
#![no_std]
extern crate alloc;

use core::time::Duration;
use mirage::args::{AutoIpv4, StaticIpv4};
use mirage::{Console, Time};

pub struct Card;

impl Card {
    pub async fn connect() -> Result<Self, &'static str> {
        Ok(Self)
    }
}

#[mirage::device(unshared)]
pub trait Owner: 'static {
    fn address(&self) -> alloc::string::String;
}

pub struct Lan<N>(N, StaticIpv4);

impl<N> Lan<N> {
    pub async fn connect(card: N, options: StaticIpv4) -> Result<Self, &'static str> {
        Ok(Self(card, options))
    }
}

impl<N: 'static> Owner for Lan<N> {
    fn address(&self) -> alloc::string::String {
        alloc::format!("{}", self.1.ipv4)
    }
}

pub struct Wan<N>(N, AutoIpv4);

impl<N> Wan<N> {
    pub async fn connect(card: N, options: AutoIpv4) -> Result<Self, &'static str> {
        Ok(Self(card, options))
    }
}

impl<N: 'static> Owner for Wan<N> {
    fn address(&self) -> alloc::string::String {
        alloc::format!("{:?}", self.1.ipv4.map(|network| network.address))
    }
}

#[derive(mirage::Args, Clone)]
pub struct Options {
    /// Not to end by itself
    pub wait: bool,
}

#[mirage::job]
pub async fn start(console: impl Console, time: impl Time, lan: impl Owner, wan: impl Owner, options: Options) {
    console.log(&alloc::format!("lan {} wan {}", lan.address(), wan.address())).await;
    if options.wait {
        time.sleep(Duration::from_secs(3600)).await;
    }
}
"#;

const CONFIG: &str = r#"
use e2e_cards::OwnerKind;
use mirage::args::{AutoIpv4, StaticIpv4};
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let card = || -> Impl<mirage::kind::Network> { device("card").everywhere("e2e_cards::Card").provide() };
    let lan = device("lan").everywhere("e2e_cards::Lan").over(card()).arguments::<StaticIpv4>();
    let wan = device("wan").everywhere("e2e_cards::Wan").over(card()).arguments::<AutoIpv4>();
    let (lan, wan): (Impl<OwnerKind>, Impl<OwnerKind>) = (lan.provide(), wan.provide());
    let job = job!(e2e_cards::start(default_console(), default_time(), lan, wan.prefix("wan"), args()));
    unikernel("e2e-cards").job(job)
}
"#;

/// The project, built once.
fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-cards", "hello");
        project.write("config.rs", CONFIG.trim_start());
        project.write("unikernel.rs", UNIKERNEL.trim_start());
        project.call(&["build", "-t", "kvm"]).ends_with(0);
        project
    })
}

fn run(arguments: &[&str]) -> Command {
    project().command(&[&["run", "-t", "kvm", "--accel", "tcg"], arguments].concat())
}

fn signal(unikernel: &Unikernel, signal: Signal) {
    kill_process(Pid::from_raw(unikernel.pid()).expect("a process"), signal).expect("a signal");
}

#[test]
fn qemu_takes_what_is_asked_of_it_on_each_of_its_machines() {
    if !have("qemu-system-x86_64") {
        return skip("networks within QEMU", "wants QEMU (package qemu-system-x86)");
    }
    let pcap = project().file("seen.pcap");
    for machine in ["microvm", "microvm,acpi=off", "q35", "pc"] {
        let port = free_port();
        let published = [format!("{port}:80"), format!("{port}:53/udp")];
        let arguments = ["--machine", machine, "-p", &published[0], "-p", &published[1], "--pcap"];
        let mut command = run(&arguments);
        let ended = Outcome::of(command.arg(&pcap).arg("--quiet")).ends_with(0);
        assert_eq!(ended.out.trim_end(), "lan 10.0.2.15/24 wan Some(10.0.3.15)");
        assert!(pcap.is_file() && project().file("seen-2.pcap").is_file());
    }
    let arguments = ["--quiet", "--", "--ipv4=192.168.7.2/29", "--ipv4-gateway=192.168.7.6", "--wan-ipv4=10.0.0.7/8"];
    let ended = Outcome::of(&mut run(&arguments)).ends_with(0);
    assert_eq!(ended.out.trim_end(), "lan 192.168.7.2/29 wan Some(10.0.0.7)");
}

#[test]
fn a_published_port_is_this_hosts_for_as_long_as_the_machine_runs() {
    if !have("qemu-system-x86_64") {
        return skip("published ports", "wants QEMU (package qemu-system-x86)");
    }
    let port = free_port();
    let mut command = run(&["--publish", &format!("{port}:80"), "--", "--wait"]);
    let mut unikernel = Unikernel::spawn(&mut command);
    unikernel.wait_for(&format!("127.0.0.1:{port} is the unikernel's port 80"));
    unikernel.wait_for("lan 10.0.2.15/24");
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect(here).expect("QEMU listens");
    // A second one cannot have it, and says so before anything is started.
    let taken = Outcome::of(&mut run(&["-p", &format!("{port}:80")])).ends_with(69);
    assert!(!taken.err.contains("Published"), "{}", taken.err);
    taken.says(&[&format!("`--publish {port}:80`: port {port} of 127.0.0.1 is taken"), "hint: `ss -lnp"]);
    signal(&unikernel, Signal::INT);
    assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
    assert!(TcpListener::bind(here).is_ok(), "it is free again");
}

#[test]
fn a_udp_port_that_is_taken_is_named_as_well() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = socket.local_addr().expect("an address").port();
    if !have("qemu-system-x86_64") {
        return skip("published ports", "wants QEMU (package qemu-system-x86)");
    }
    let taken = Outcome::of(&mut run(&["-p", &format!("{port}:53/udp")])).ends_with(69);
    taken.says(&[&format!("`--publish {port}:53/udp`: port {port} of 127.0.0.1 is taken")]);
}

/// The template that serves a page, built once.
fn page() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-page", "http");
        project.call(&["build", "-t", "kvm"]).ends_with(0);
        project
    })
}

#[test]
fn a_page_is_served_through_a_published_port_by_each_of_qemus_machines() {
    if !have("qemu-system-x86_64") {
        return skip("a page from a machine", "wants QEMU (package qemu-system-x86)");
    }
    for machine in ["microvm", "microvm,acpi=off", "q35", "pc"] {
        let port = free_port();
        let published = format!("{port}:80");
        let mut command =
            page().command(&["run", "-t", "kvm", "--accel", "tcg", "--machine", machine, "-p", &published]);
        let mut unikernel = Unikernel::spawn(&mut command);
        unikernel.wait_for("serving HTTP on port 80");
        for _ in 0..3 {
            let page = get(&[&format!("http://127.0.0.1:{port}/")]);
            assert!(page.as_ref().is_ok_and(|page| page.contains("Hello from a unikernel!")), "{machine}: {page:?}");
        }
        signal(&unikernel, Signal::TERM);
        assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
    }
}

#[test]
fn a_page_is_served_on_a_tap_device_and_what_was_seen_is_recorded() {
    if !have("qemu-system-x86_64") {
        return skip("a page on a tap device", "wants QEMU (package qemu-system-x86)");
    }
    let Some(name) = namespace("machine-page") else { return };
    let pcap = page().file("seen.pcap");
    for record in [false, true] {
        let mut command = page().command(&["run", "-t", "kvm", "--accel", "tcg", "--netns", &name]);
        if record {
            command.arg("--pcap").arg(&pcap);
        }
        let mut unikernel = Unikernel::spawn(&mut command);
        unikernel.wait_for("serving HTTP on port 80");
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &name, "curl", "-sS", "--max-time", "60", "http://10.0.0.2/"]);
        let page = Outcome::of(&mut inside).ends_with(0).out;
        assert!(page.contains("Hello from a unikernel!"), "{page}");
        signal(&unikernel, Signal::TERM);
        assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
    }
    let seen = fs::read(pcap).expect("a file");
    // Frames as they were on the wire, nothing before them: IPv4 from the unikernel to this host.
    let answers = seen.windows(10).filter(|ten| ten[..8] == [10, 0, 0, 2, 10, 0, 0, 1] && ten[8..] == [0, 80]);
    assert!(answers.count() >= 2, "{} bytes", seen.len());
}

/// A namespace's name that is not there; none where there can be no tap devices.
fn namespace(test: &str) -> Option<String> {
    let name = format!("e2e-{test}-{}", std::process::id());
    let works = |words: &[&str]| Command::new("ip").args(words).output().is_ok_and(|output| output.status.success());
    let can = works(&["netns", "add", &name])
        && works(&["-n", &name, "tuntap", "add", "dev", "probe", "mode", "tap"])
        && works(&["netns", "delete", &name]);
    if !can {
        skip(test, "wants root, `ip`, and /dev/net/tun");
    }
    can.then_some(name)
}

#[test]
fn tap_devices_are_made_for_a_machine_and_deleted_after_it() {
    if !have("qemu-system-x86_64") {
        return skip("tap devices of machines", "wants QEMU (package qemu-system-x86)");
    }
    let Some(name) = namespace("machine-taps") else { return };
    for how in [Signal::TERM, Signal::INT] {
        let mut command = run(&["--netns", &name, "--", "--wait"]);
        let mut unikernel = Unikernel::spawn(&mut command);
        unikernel.wait_for("tap device mirage0, where this host is 10.0.0.1/24; the unikernel is 10.0.0.2");
        unikernel.wait_for("tap device mirage1, where this host is 10.0.1.1/24; the unikernel is 10.0.1.2");
        unikernel.wait_for("lan 10.0.0.2/24 wan Some(10.0.1.2)");
        let links = Outcome::of(Command::new("ip").args(["-n", &name, "-o", "link", "show", "up"])).ends_with(0).out;
        assert!(links.contains("mirage0") && links.contains("mirage1"), "{links}");
        signal(&unikernel, how);
        assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
        assert!(!PathBuf::from("/run/netns").join(&name).exists());
    }
}

#[test]
fn tap_devices_are_deleted_after_a_machine_that_does_not_start_and_ones_own_never() {
    let Some(name) = namespace("machine-own") else { return };
    let programs = tempfile::tempdir().expect("a folder");
    let qemu = programs.path().join("qemu-system-x86_64");
    let with_qemu = |script: &str, arguments: &[&str]| {
        fs::write(&qemu, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&qemu, Permissions::from_mode(0o755)).expect("a program");
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let paths = [programs.path().to_owned()].into_iter().chain(std::env::split_paths(&usual));
        Outcome::of(run(arguments).env("PATH", std::env::join_paths(paths).expect("a path")))
    };
    let failed = with_qemu("echo no such machine >&2; exit 1", &["--netns", &name]).ends_with(69);
    failed.says(&["no such machine"]);
    assert!(!PathBuf::from("/run/netns").join(&name).exists());

    let ip = |words: &str| Outcome::of(Command::new("ip").args(words.split(' '))).ends_with(0).out;
    ip(&format!("netns add {name}"));
    ip(&format!("-n {name} tuntap add dev own0 mode tap"));
    let said = with_qemu("echo \"$@\"; ip -o link show; exit 33", &["--netns", &name, "--network", "tap:own0"]);
    let said = said.ends_with(0).out;
    // The second has none of one's own.
    assert!(said.contains("id=net0,ifname=own0,") && said.contains("id=net1,ifname=mirage0,"), "{said}");
    assert!(said.contains(" own0: ") && said.contains(" mirage0: "), "{said}");
    let left = ip(&format!("-n {name} -o link show"));
    assert!(left.contains("own0") && !left.contains("mirage0"), "{left}");
    ip(&format!("netns delete {name}"));
}

/// The same call by somebody who may not touch the network.
fn without_rights(outside: &Command) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--bounding-set", "-net_admin,-sys_admin", "--inh-caps", "-net_admin,-sys_admin"]);
    } else {
        command.arg("--no-new-privs");
    }
    command.arg(outside.get_program()).args(outside.get_args()).current_dir(project().folder());
    command.env("CARGO_TARGET_DIR", mirage_e2e::target());
    command
}

#[test]
fn without_rights_the_commands_that_give_them_are_said() {
    if !have("ip") || !have("setpriv") || !have("qemu-system-x86_64") {
        return skip("taps of machines without rights", "wants `ip`, `setpriv` and QEMU");
    }
    let mut command = without_rights(&run(&["--network", "tap", "--", "--wait"]));
    let refused = Outcome::of(&mut command).ends_with(69);
    refused.says(&["a tap device takes rights that are not there", "sudo env", "sudo ip tuntap add dev mirage"]);
}

/// Networks within QEMU take nobody's leave.
#[test]
fn no_rights_are_taken_by_default() {
    if !have("setpriv") || !have("qemu-system-x86_64") {
        return skip("a machine without rights", "wants `setpriv` and QEMU");
    }
    let mut command = without_rights(&run(&["--quiet", "-p", &format!("{}:80", free_port())]));
    assert_eq!(Outcome::of(&mut command).ends_with(0).out.trim_end(), "lan 10.0.2.15/24 wan Some(10.0.3.15)");
}
