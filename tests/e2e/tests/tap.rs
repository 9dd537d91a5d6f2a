//! A unikernel with a network interface, by `mirage run`: on a tap device in a network namespace of the test's own, with
//! the kernel's `ping` as its peer.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, Unikernel, have, skip};
use rustix::process::{Pid, Signal, kill_process};

const UNIKERNEL: &str = r#"
//! Answers ARP requests and ICMP echo requests by hand.
#![no_std]
#![allow(async_fn_in_trait)]
extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use mirage::{Console, Network, Offload};

#[mirage::device(unshared)]
pub trait Echo: 'static {
    fn address(&self) -> Ipv4Addr;
    async fn serve(&mut self) -> Result<(), String>;
}

#[derive(mirage::Args, Clone)]
pub struct EchoOptions {
    /// Our address
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: String,
    /// Who is asked for everybody else
    pub ipv4_gateway: Option<Ipv4Addr>,
}

pub struct Responder<N> {
    network: N,
    address: Ipv4Addr,
}

impl<N: Network> Responder<N> {
    pub async fn connect(network: N, options: EchoOptions) -> Result<Self, &'static str> {
        let address = options.ipv4.split('/').next().and_then(|address| address.parse().ok());
        Ok(Self { network, address: address.ok_or("no address")? })
    }
}

impl<N: Network> Echo for Responder<N> {
    fn address(&self) -> Ipv4Addr {
        self.address
    }

    async fn serve(&mut self) -> Result<(), String> {
        let (mac, address) = (self.network.mac().0, self.address.octets());
        loop {
            let mut replies: Vec<Vec<u8>> = Vec::new();
            let count = self.network.receive(64, &mut |frame, _| {
                let (sender, peer) = (<[u8; 6]>::try_from(&frame[6..12]).unwrap(), &mut frame[..]);
                if peer[12..14] == [8, 6] && peer[38..42] == address {
                    peer[21] = 2;
                    peer.copy_within(22..32, 32);
                    peer[22..28].copy_from_slice(&mac);
                    peer[28..32].copy_from_slice(&address);
                } else if peer[12..14] == [8, 0] && peer[30..34] == address && peer[23] == 1 && peer[34] == 8 {
                    // From request to reply the sum loses 8 in its upper byte.
                    peer[34] = 0;
                    let sum = u16::from_be_bytes([peer[36], peer[37]]);
                    let (sum, carry) = sum.overflowing_add(0x0800);
                    peer[36..38].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
                    peer.copy_within(26..30, 30);
                    peer[26..30].copy_from_slice(&address);
                } else {
                    return;
                }
                peer[..6].copy_from_slice(&sender);
                peer[6..12].copy_from_slice(&mac);
                replies.push(peer.to_vec());
            });
            if count.map_err(|error| format!("{error:?}"))? == 0 {
                self.network.ready().await.map_err(|error| format!("{error:?}"))?;
            }
            for reply in replies {
                self.network.send(&[&reply], Offload::default()).map_err(|error| format!("{error:?}"))?;
            }
            self.network.notify().map_err(|error| format!("{error:?}"))?;
        }
    }
}

#[mirage::job]
pub async fn start(console: impl Console, mut echo: impl Echo) -> Result<(), String> {
    console.log(format!("{} answers", echo.address())).await;
    echo.serve().await
}
"#;

const CONFIG: &str = r#"
use mirage_config::prelude::*;

#[track_caller]
fn echo(network: Impl<mirage::kind::Network>) -> Impl<e2e_tap::EchoKind> {
    device("echo").everywhere("e2e_tap::Responder").over(network).arguments::<e2e_tap::EchoOptions>().provide()
}

fn main() -> Unikernel {
    unikernel("e2e-tap").job(job!(e2e_tap::start(default_console(), echo(default_network()))))
}
"#;

/// The project, built once.
fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-tap", "hello");
        project.write("config.rs", CONFIG.trim_start());
        project.write("unikernel.rs", UNIKERNEL.trim_start());
        project.call(&["build"]).ends_with(0);
        project
    })
}

/// A network namespace; deleted when dropped.
struct Namespace(String);

impl Namespace {
    /// The name of one that is not there yet; none if there can be none.
    fn named(test: &str) -> Option<Self> {
        let name = format!("e2e-{test}-{}", std::process::id());
        let works =
            |words: &[&str]| Command::new("ip").args(words).output().is_ok_and(|output| output.status.success());
        let can = works(&["netns", "add", &name])
            && works(&["-n", &name, "tuntap", "add", "dev", "probe", "mode", "tap"])
            && works(&["netns", "delete", &name]);
        if !can || !have("ping") {
            skip(test, "wants root, `ip` and `ping`, and /dev/net/tun");
            return None;
        }
        Some(Self(name))
    }

    fn exists(&self) -> bool {
        PathBuf::from("/run/netns").join(&self.0).exists()
    }

    /// A command inside of it.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]);
        command
    }

    fn ping(&self, address: &str) {
        Outcome::of(self.inside("ping").args(["-c", "3", "-i", "0.01", "-W", "5", address])).ends_with(0);
    }

    fn interfaces(&self) -> String {
        Outcome::of(Command::new("ip").args(["-n", &self.0, "-o", "link", "show"])).ends_with(0).out
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.exists() {
            Outcome::of(Command::new("ip").args(["netns", "delete", &self.0]));
        }
    }
}

fn signal(unikernel: &Unikernel, signal: Signal) {
    kill_process(Pid::from_raw(unikernel.pid()).expect("a process"), signal).expect("a signal");
}

#[test]
fn a_namespace_is_made_used_and_deleted_and_what_was_seen_is_recorded() {
    let Some(namespace) = Namespace::named("netns") else { return };
    let project = project();
    let pcap = project.file("seen.pcap");
    let mut command = project.command(&["run", "--netns", &namespace.0, "--pcap"]);
    let mut run = Unikernel::spawn(command.arg(&pcap));
    run.wait_for("tap device mirage0, where this host is 10.0.0.1/24; the unikernel is 10.0.0.2");
    run.wait_for("10.0.0.2 answers");
    namespace.ping("10.0.0.2");
    signal(&run, Signal::TERM);
    assert_eq!(run.status(), 0, "{:?}", run.lines());
    assert!(!namespace.exists());
    let recorded = std::fs::read(pcap).expect("a file");
    let replies = recorded.windows(9).filter(|nine| nine[..4] == [10, 0, 0, 2] && nine[4..] == [10, 0, 0, 1, 0]);
    assert!(replies.count() >= 3, "{} bytes", recorded.len());
}

#[test]
fn after_ctrl_c_the_tap_device_is_gone_and_what_was_there_before_is_not() {
    let Some(namespace) = Namespace::named("ctrl-c") else { return };
    Outcome::of(Command::new("ip").args(["netns", "add", &namespace.0])).ends_with(0);
    // What is in the way of the first name and of the first network.
    let there = |words: &str| Outcome::of(Command::new("ip").args(["-n", &namespace.0]).args(words.split(' ')));
    there("tuntap add dev mirage0 mode tap").ends_with(0);
    there("address add 10.0.0.77/24 dev mirage0").ends_with(0);
    let project = project();
    let outside = project.command(&["run"]);
    let mut command = namespace.inside("env");
    command
        .args(outside.get_envs().filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?))));
    command.arg(outside.get_program()).args(outside.get_args()).current_dir(project.folder());
    let mut run = Unikernel::spawn(&mut command);
    run.wait_for("tap device mirage1, where this host is 10.0.1.1/24");
    run.wait_for("10.0.1.2 answers");
    namespace.ping("10.0.1.2");
    signal(&run, Signal::INT);
    assert_eq!(run.status(), 0, "{:?}", run.lines());
    let left = namespace.interfaces();
    assert!(left.contains("mirage0") && !left.contains("mirage1"), "{left}");
    // A tap device of the user's own is neither made nor deleted, and its address is the user's affair.
    there("link set dev mirage0 up").ends_with(0);
    let mut command = project.command(&["run", "--netns", &namespace.0, "--", "--interface=mirage0"]);
    let mut run = Unikernel::spawn(command.arg("--ipv4=10.0.0.5/24"));
    run.wait_for("10.0.0.5 answers");
    namespace.ping("10.0.0.5");
    signal(&run, Signal::TERM);
    assert_eq!(run.status(), 0, "{:?}", run.lines());
    assert!(namespace.interfaces().contains("mirage0") && namespace.exists());
}

#[test]
fn its_status_is_the_unikernels_and_nothing_is_left_then_either() {
    let Some(namespace) = Namespace::named("status") else { return };
    let run = |arguments: &[&str]| project().call(&[&["run", "--netns", &namespace.0, "--"], arguments].concat());
    run(&["--mac=03:00:00:00:00:01"]).ends_with(2).says(&["device `netif1` could not be connected", "it is a group's"]);
    run(&["--poll=fast"]).ends_with(64).says(&["`--poll` cannot be `fast`"]);
    run(&["--ipv4=nonsense"]).ends_with(2).says(&["no address"]);
    assert!(run(&["--help"]).ends_with(0).out.contains("--pcap FILE"));
    assert!(!namespace.exists());
}

#[test]
fn what_would_be_done_is_shown() {
    if !have("ip") {
        return skip("tap --dry-run", "wants `ip`");
    }
    let shown =
        project().call(&["run", "--dry-run", "--netns", "e2e-none", "--tap-address", "10.5.0.1/16"]).ends_with(0);
    let lines: Vec<&str> = shown.out.lines().collect();
    let [add, lo, tap, address, up, run, link, namespace] = lines[..] else { panic!("{lines:#?}") };
    assert_eq!([add, lo], ["ip netns add e2e-none", "ip -n e2e-none link set dev lo up"]);
    assert_eq!(tap, "ip -n e2e-none tuntap add dev mirage0 mode tap");
    assert_eq!(address, "ip -n e2e-none address add 10.5.0.1/16 dev mirage0");
    assert_eq!(up, "ip -n e2e-none link set dev mirage0 up");
    assert!(run.starts_with("ip netns exec e2e-none ") && run.contains("/dist/e2e-tap "), "{run}");
    assert!(run.ends_with(" --interface mirage0 --ipv4 10.5.0.2/16 --ipv4-gateway 10.5.0.1"), "{run}");
    assert_eq!([link, namespace], ["ip -n e2e-none link delete dev mirage0", "ip netns delete e2e-none"]);
}

#[test]
fn without_rights_the_commands_that_give_them_are_said() {
    if !have("ip") || !have("setpriv") {
        return skip("tap without rights", "wants `ip` and `setpriv`");
    }
    let outside = project().command(&["run"]);
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--bounding-set", "-net_admin,-sys_admin", "--inh-caps", "-net_admin,-sys_admin"]);
    } else {
        command.arg("--no-new-privs");
    }
    command.arg(outside.get_program()).args(outside.get_args()).current_dir(project().folder());
    command.env("CARGO_TARGET_DIR", mirage_e2e::target());
    let outcome = Outcome::of(&mut command).ends_with(69);
    outcome.says(&["a tap device takes rights that are not there", "sudo env", "sudo ip tuntap add dev mirage"]);
}

#[test]
fn options_for_interfaces_are_refused_where_there_are_none() {
    let project = Project::new("e2e-tap-none", "http");
    for option in [["--pcap", "x"], ["--netns", "x"], ["--tap-address", "10.0.0.1/24"]] {
        let refused = project.call(&["run", "--dry-run", option[0], option[1]]).ends_with(64);
        refused.says(&[&format!("`{}` is for network interfaces", option[0]), "`--net direct`"]);
    }
    project.call(&["run", "--tap-address", "10.0.0.0/24"]).ends_with(64).says(&["the network's own address"]);
    project.call(&["run", "--netns", "../x"]).ends_with(64).says(&["letters, digits"]);
}
