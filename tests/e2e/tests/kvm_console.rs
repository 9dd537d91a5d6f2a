//! A console of virtio's: in machines that have no other, and in those that `mirage run` makes; and an image for one where
//! there is none.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use mirage_e2e::{Machine, Outcome, Project, Unikernel, accelerators, have, skip};
use rustix::process::Signal;

static TYPED: Machine = Machine::new(|| Project::fixture("typed"));

/// Types into a machine once it asks, and sees it answer and end.
fn type_into(mut command: Command, status: i32) {
    let named = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut machine = command.spawn().expect("it starts");
    let mut console = BufReader::new(machine.stdout.take().expect("a pipe"));
    let mut line = || {
        let mut line = String::new();
        console.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    };
    assert_eq!(line(), "type something", "{named}");
    let mut keys = machine.stdin.take().expect("a pipe");
    // Longer than what the image reads at once, and than a serial port keeps.
    for word in ["a word", "something that is rather longer than that"] {
        keys.write_all(format!("{word}\n").as_bytes()).expect("it reads");
        assert_eq!(line(), format!("{word} was typed"), "{named}");
    }
    keys.write_all(b"\n").expect("it reads");
    let ended = machine.wait_with_output().expect("its end");
    assert_eq!(ended.status.code(), Some(status), "{named}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn machines_without_a_serial_port() {
    if !have("qemu-system-x86_64") {
        return skip("a console of virtio's", "there is no QEMU (package qemu-system-x86)");
    }
    for (machine, bus) in [("microvm,isa-serial=off", "device"), ("q35", "pci")] {
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-M", machine, "-m", "32M", "-accel", "tcg", "-cpu", "max", "-display", "none", "-no-reboot"]);
        qemu.args(["-nodefaults", "-no-user-config", "-global", "virtio-mmio.force-legacy=off"]);
        qemu.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-chardev", "stdio,id=console"]);
        qemu.args(["-device", &format!("virtio-serial-{bus}"), "-device", "virtconsole,chardev=console"]);
        qemu.arg("-kernel").arg(TYPED.image());
        // What QEMU ends with for a status of 0.
        type_into(qemu, 33);
    }
}

#[test]
fn machines_that_are_made_for_it_and_others() {
    if !have("qemu-system-x86_64") {
        return skip("a console of virtio's", "there is no QEMU (package qemu-system-x86)");
    }
    for console in ["serial", "virtio"] {
        for machine in ["microvm", "microvm,acpi=off", "q35"] {
            type_into(TYPED.mirage(&["--console", console, "--machine", machine, "--accel", "tcg"], &[]), 0);
        }
        for accelerator in accelerators() {
            type_into(TYPED.mirage(&["--console", console, "--accel", accelerator], &[]), 0);
        }
        // It hands on what is typed on a terminal only, which a test has none of.
        if have("cloud-hypervisor") && accelerators().contains(&"kvm") {
            let options = ["--monitor", "cloud-hypervisor", "--console", console];
            let mut unikernel = Unikernel::spawn(&mut TYPED.mirage(&options, &[]));
            unikernel.wait_for("type something");
            unikernel.signal(Signal::TERM);
            unikernel.wait_for("stopping: the machine is asked to");
            assert_eq!(unikernel.status(), 0, "--console {console}");
        }
    }
}

#[test]
fn what_is_said_before_there_is_another_console_is_shown() {
    if !have("qemu-system-x86_64") {
        return skip("a console of virtio's", "there is no QEMU (package qemu-system-x86)");
    }
    let refused = Outcome::of(&mut TYPED.mirage(&["--console", "virtio"], &["--nope"])).ends_with(64);
    assert!(refused.out.starts_with("typed: error: there is no argument `--nope`"), "{refused:?}");
}
