//! Firecracker and Cloud Hypervisor themselves, where they and a KVM that makes machines are.

use mirage_e2e::{Direct, Machine, Outcome, Project, Unikernel, accelerators, have, peer, sealing, skip};
use rustix::process::Signal;

/// The one whose machines are told what devices they have by the command line.
const FIRECRACKER: &[&str] = &["--monitor", "firecracker"];

/// The one whose machines have them on PCI, and no exit device.
const CLOUD_HYPERVISOR: &[&str] = &["--monitor", "cloud-hypervisor"];

static HELLO: Machine = Machine::new(|| Project::new("monitors-hello", "hello"));
static SEALING: Machine = Machine::new(|| Project::fixture("sealing"));

/// Our own stack with each, as tests of a network want it.
struct Network {
    knocking: Direct,
    bulk: Direct,
}

static BY_FIRECRACKER: Network = Network {
    knocking: Direct::machine_by(FIRECRACKER, || Project::new("firecracker-knocking", "knocking")),
    bulk: Direct::machine_by(FIRECRACKER, || Project::fixture("bulk")),
};

static BY_CLOUD_HYPERVISOR: Network = Network {
    knocking: Direct::machine_by(CLOUD_HYPERVISOR, || Project::new("cloud-hypervisor-knocking", "knocking")),
    bulk: Direct::machine_by(CLOUD_HYPERVISOR, || Project::fixture("bulk")),
};

/// Whether a monitor can be tried; if not, a line says why.
fn is_there(monitor: &[&str]) -> bool {
    let program = monitor[1];
    if !have(program) {
        skip(program, "it is not installed");
        return false;
    }
    accelerators().contains(&"kvm")
}

/// Whole lives of images without a network: what they say, and what they end with.
fn lives(monitor: &[&str]) {
    if !is_there(monitor) {
        return;
    }
    let hello = Outcome::of(&mut HELLO.mirage(monitor, &[])).ends_with(0);
    assert_eq!((hello.out.as_str(), hello.err.as_str()), ("hello\nhello\nhello\nhello\ngoodbye\n", ""));
    let small = Outcome::of(&mut HELLO.mirage(&[monitor, &["--memory", "3M"]].concat(), &[])).ends_with(0);
    assert_eq!(small.out, hello.out);
    let refused = Outcome::of(&mut HELLO.mirage(monitor, &["a \"b\" c"])).ends_with(64);
    assert!(refused.out.contains("`a \"b\" c` is not an argument"), "{refused:?}");
    let help = Outcome::of(&mut HELLO.mirage(monitor, &["--help"])).ends_with(0);
    assert!(help.out.starts_with("Usage: monitors-hello [OPTIONS]\n"), "{help:?}");
    for fault in [sealing::TEXT[0], sealing::CODE[1], sealing::NULL[0], sealing::STACK[0], sealing::SHIM[0]] {
        let (what, status, words) = fault;
        let ended = Outcome::of(&mut SEALING.mirage(monitor, &["--attempt", what])).ends_with(status);
        assert!(ended.out.contains(&format!("fault: {words}")), "{what}: {ended:?}");
    }
}

#[test]
fn lives_of_images_by_firecracker() {
    lives(FIRECRACKER);
}

#[test]
fn lives_of_images_by_cloud_hypervisor() {
    lives(CLOUD_HYPERVISOR);
}

#[test]
fn machines_are_told_to_stop() {
    for monitor in [FIRECRACKER, CLOUD_HYPERVISOR].into_iter().filter(|monitor| is_there(monitor)) {
        let mut unikernel = Unikernel::spawn(&mut HELLO.mirage(monitor, &[]));
        unikernel.wait_for("hello");
        unikernel.signal(Signal::TERM);
        unikernel.wait_for("stopping: the machine is asked to");
        assert_eq!(unikernel.status(), 0);
    }
}

#[test]
fn a_network_by_firecracker() {
    if is_there(FIRECRACKER) {
        peer::the_demo_of_the_talk(&BY_FIRECRACKER.knocking);
        peer::echo_over_tcp_and_udp_and_ping(&BY_FIRECRACKER.bulk);
    }
}

#[test]
fn a_network_by_cloud_hypervisor() {
    if is_there(CLOUD_HYPERVISOR) {
        peer::the_demo_of_the_talk(&BY_CLOUD_HYPERVISOR.knocking);
        peer::echo_over_tcp_and_udp_and_ping(&BY_CLOUD_HYPERVISOR.bulk);
    }
}

#[test]
fn bytes_arrive_whole_both_ways() {
    for (monitor, network) in [(FIRECRACKER, &BY_FIRECRACKER), (CLOUD_HYPERVISOR, &BY_CLOUD_HYPERVISOR)] {
        if is_there(monitor) {
            peer::bytes_arrive_whole_both_ways(&network.bulk, 64 << 20);
        }
    }
}
