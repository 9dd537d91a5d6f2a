//! A monitor that breaks the rules, in a real machine: what it says of a queue cannot be, and the unikernel says so and ends.
//! What else such a one can say is tried on the drivers alone, by `runtime/kvm`'s tests and fuzz targets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use mirage_e2e::{Ended, Machine, Project, have, skip};
use serde_json::{Value, json};

static HTTP: Machine = Machine::new(|| Project::new("kvm-malice", "http"));

/// Where the ring is in which the only device tells what it has used of the first queue, as QEMU says by its protocol.
fn used_ring(socket: &Path) -> u64 {
    let mut control = UnixStream::connect(socket).expect("QEMU listens");
    let mut answers = BufReader::new(control.try_clone().expect("a second handle")).lines();
    let mut ask = |command: &str, arguments: Value| {
        let words = json!({ "execute": command, "arguments": arguments });
        writeln!(control, "{words}").expect("it reads");
        let answers = answers.by_ref().map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON"));
        let mut answers = answers.filter_map(|answer: Value| match answer.get("error") {
            Some(error) => panic!("{words}: {error}"),
            None => answer.get("return").cloned(),
        });
        answers.next().expect("an answer")
    };
    ask("qmp_capabilities", json!({}));
    let devices = ask("x-query-virtio", json!({}));
    let path = devices[0]["path"].as_str().unwrap_or_else(|| panic!("{devices}"));
    let queue = ask("x-query-virtio-queue-status", json!({ "path": path, "queue": 0 }));
    queue["vring-used"].as_u64().unwrap_or_else(|| panic!("{path}: {queue}"))
}

/// Has QEMU execute a packet of gdb's protocol.
fn packet(debugger: &mut UnixStream, words: &str) {
    let sum = words.bytes().fold(0_u8, u8::wrapping_add);
    write!(debugger, "${words}#{sum:02x}").expect("it reads");
    let mut reply = vec![];
    while !reply.ends_with(b"$OK#9a") {
        let mut byte = [0];
        debugger.read_exact(&mut byte).expect("a reply");
        reply.push(byte[0]);
        assert!(reply.len() < 1000, "{words}: {:?}", String::from_utf8_lossy(&reply));
    }
    debugger.write_all(b"+").expect("it reads");
}

#[test]
fn a_unikernel_ends_when_its_monitor_breaks_the_rules() {
    if !have("qemu-system-x86_64") {
        return skip("a malicious monitor", "there is no QEMU (package qemu-system-x86)");
    }
    for (machine, bus) in [("microvm", "device"), ("q35", "pci")] {
        let folder = tempfile::tempdir().expect("a folder");
        let [control, debugger] = ["qmp", "gdb"].map(|name| folder.path().join(name));
        // Nobody answers it: it asks for an address again and again, and looks at its queues each time.
        let mut qemu = HTTP.qemu(machine, "32M", &[]);
        qemu.args(["-global", "virtio-mmio.force-legacy=off", "-netdev", "hubport,id=net0,hubid=0"]);
        qemu.args(["-device", &format!("virtio-net-{bus},netdev=net0,id=card")]);
        qemu.arg("-qmp").arg(format!("unix:{},server=on,wait=off", control.display()));
        qemu.arg("-gdb").arg(format!("unix:{},server=on,wait=off", debugger.display()));
        let mut child = qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("QEMU");
        let mut console = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut said = String::new();
        while !said.contains("hardware address") {
            assert!(console.read_line(&mut said).expect("a line") > 0, "{machine}: {said}");
        }

        let used = used_ring(&control);
        // How many buffers it has used, behind two bytes of flags: all of a sudden far more than it was given.
        let mut debugger = UnixStream::connect(&debugger).expect("QEMU listens");
        packet(&mut debugger, "Qqemu.PhyMemMode:1");
        packet(&mut debugger, &format!("M{:x},2:ff7f", used + 2));
        packet(&mut debugger, "D");

        child.stdout = Some(console.into_inner());
        let ended = Ended::after(child);
        assert_eq!(ended.status, Ok(2), "{machine}: {}", ended.console);
        let words = "the monitor says that 32767 buffers of queue `receive` are used, of ";
        assert!(ended.console.contains("kvm-malice: error: virtio-net at "), "{machine}: {}", ended.console);
        assert!(ended.console.contains(words), "{machine}: {}", ended.console);
    }
}
