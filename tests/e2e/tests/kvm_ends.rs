//! What ends a machine from outside, whoever runs it: its power button and an NMI; and what it ends with when it lacks
//! something.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use mirage_e2e::{Ended, Machine, Project, have, skip};

static HELLO: Machine = Machine::new(|| Project::new("kvm-ends-hello", "hello"));

static HTTP: Machine = Machine::new(|| Project::new("kvm-ends-http", "http"));

/// Boots hello, and has QEMU do something by its protocol once it says hello.
fn told(machine: &str, what: &str) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("qmp");
    let mut qemu = HELLO.qemu(machine, "32M", &[]);
    qemu.arg("-qmp").arg(format!("unix:{},server=on,wait=off", socket.display()));
    let mut child = qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("QEMU");
    let mut console = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut said = String::new();
    console.read_line(&mut said).expect("a line");
    assert_eq!(said.trim(), "hello", "{machine}");

    let mut control = UnixStream::connect(&socket).expect("QEMU listens");
    let mut answers = BufReader::new(control.try_clone().expect("a second handle")).lines();
    let mut tell = |word| control.write_all(format!("{{\"execute\":\"{word}\"}}\n").as_bytes()).expect("it reads");
    tell("qmp_capabilities");
    let answer = answers.find(|answer| answer.as_ref().is_ok_and(|answer| answer.contains("\"return\"")));
    assert!(answer.is_some(), "{machine}: it takes commands");
    // The machine may be gone before its monitor has answered to this.
    tell(what);
    // What is left of the console is read to its end by who waits for the end.
    child.stdout = Some(console.into_inner());
    Ended::after(child)
}

#[test]
fn the_power_button_and_an_nmi_stop_a_unikernel() {
    if !have("qemu-system-x86_64") {
        return skip("ends of machines", "there is no QEMU (package qemu-system-x86)");
    }
    let machines = ["microvm", "q35", "pc"].map(|machine| (machine, "system_powerdown"));
    let nmi = ["microvm", "microvm,acpi=off", "q35", "pc"].map(|machine| (machine, "inject-nmi"));
    for (machine, what) in machines.into_iter().chain(nmi) {
        let ended = told(machine, what);
        assert_eq!(ended.status, Ok(0), "{machine}, {what}: {}", ended.console);
        assert!(ended.console.contains("stopping: the machine is asked to"), "{machine}, {what}: {}", ended.console);
        assert!(!ended.console.contains("goodbye"), "{machine}, {what}: {}", ended.console);
    }
}

#[test]
fn a_machine_without_an_interface_says_so() {
    if !have("qemu-system-x86_64") {
        return skip("ends of machines", "there is no QEMU (package qemu-system-x86)");
    }
    for machine in ["microvm", "microvm,acpi=off", "q35"] {
        let ended = HTTP.run(machine, "32M", &["--ipv4", "10.0.0.2/24"]);
        assert_eq!(ended.status, Ok(2), "{machine}: {}", ended.console);
        let words = "device `netif1` could not be connected: the machine has no virtio network interface";
        assert!(ended.console.contains(words), "{machine}: {}", ended.console);
    }
}

#[test]
fn every_way_to_write_an_argument_arrives_as_it_was_written() {
    if !have("qemu-system-x86_64") {
        return skip("ends of machines", "there is no QEMU (package qemu-system-x86)");
    }
    // Each is refused, by its name as it was understood.
    for (written, understood) in [
        ("--no'pe", "a ' is opened and never closed"),
        ("\"two words\"", "`two words` is not an argument"),
        ("'say \"hi\"'", "`say \"hi\"` is not an argument"),
        ("back\\\\slash", "`back\\slash` is not an argument"),
        ("a\\ b", "`a b` is not an argument"),
        ("--logs=\"no such\"", "`--logs` cannot be `no such`"),
        ("''", "`` is not an argument"),
        ("überall", "`überall` is not an argument"),
    ] {
        let ended = HELLO.run("microvm", "32M", &[written]);
        assert_eq!(ended.status, Ok(64), "{written}: {}", ended.console);
        assert!(ended.console.contains(understood), "{written}: {}", ended.console);
    }
}
