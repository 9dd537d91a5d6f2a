//! Every image on every machine: those of QEMU's, emulated and, where there is KVM, by it.

use std::process::Command;
use std::thread;

use mirage_e2e::{Ended, Machine, Outcome, Project, Unikernel, accelerators, free_port, get, have, send, site, skip};
use rustix::process::Signal;

/// QEMU's machines: virtio over MMIO, told of by ACPI's tables' absence alone or by the command line; over PCI.
const MACHINES: &[&str] = &["microvm", "microvm,acpi=off", "q35", "pc"];

static HELLO: Machine = Machine::new(|| Project::new("kvm-hello", "hello"));
static HTTP: Machine = Machine::new(|| Project::new("kvm-http", "http"));
static KNOCKING: Machine = Machine::new(|| Project::new("kvm-knocking", "knocking"));
static HELLO_DEBUG: Machine = Machine::debug(|| Project::new("kvm-hello-debug", "hello"));
static HTTP_DEBUG: Machine = Machine::debug(|| Project::new("kvm-http-debug", "http"));
static KNOCKING_DEBUG: Machine = Machine::debug(|| Project::new("kvm-knocking-debug", "knocking"));

/// Does it on all of these machines at once, each with whoever may execute its instructions.
fn everywhere(machines: &[&'static str], accelerators: &[&'static str], act: impl Fn(&[&str]) + Copy + Send) {
    if !have("qemu-system-x86_64") {
        return skip("machines", "there is no QEMU (package qemu-system-x86)");
    }
    thread::scope(|scope| {
        for &machine in machines {
            for &accelerator in accelerators {
                let act = move || act(&["--machine", machine, "--accel", accelerator]);
                let name = format!("{machine} {accelerator}");
                thread::Builder::new().name(name).spawn_scoped(scope, act).expect("a thread");
            }
        }
    });
}

fn hello(image: &Machine, machine: &[&str]) {
    let ended = Outcome::of(&mut image.mirage(machine, &[])).ends_with(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("hello\nhello\nhello\nhello\ngoodbye\n", ""), "{machine:?}");
}

/// Asked to end, it does so well.
fn stop(mut unikernel: Unikernel) {
    unikernel.signal(Signal::TERM);
    unikernel.wait_for("stopping: the machine is asked to");
    assert_eq!(unikernel.status(), 0);
}

fn http(image: &Machine, machine: &[&str]) {
    let port = free_port();
    let publish = format!("{port}:80");
    let mut unikernel = Unikernel::spawn(&mut image.mirage(&[machine, &["-p", &publish]].concat(), &[]));
    unikernel.wait_for("serving HTTP on port 80");
    for _ in 0..3 {
        let page = get(&["-i", &format!("http://127.0.0.1:{port}/")]).expect("a page");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Hello from a unikernel!"), "{page}");
    }
    let status = get(&["-o", "/dev/null", "-w", "%{http_code}", &format!("http://127.0.0.1:{port}/nowhere")]);
    assert_eq!(status.as_deref(), Ok("404"));
    stop(unikernel);
}

fn knocking(image: &Machine, machine: &[&str]) {
    let (there, asked) = site(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nthe site");
    let doors = [(); 3].map(|()| free_port());
    let page = free_port();
    let publish = [(page, 80), (doors[0], 32_000), (doors[1], 32_001), (doors[2], 32_002)];
    let publish = publish.map(|(here, there)| format!("--publish={here}:{there}"));
    let options: Vec<&str> = machine.iter().copied().chain(publish.iter().map(String::as_str)).collect();
    // The host, as a machine in QEMU's own network sees it.
    let site = format!("--site=1,2=10.0.2.2:{there}");
    let mut unikernel = Unikernel::spawn(&mut image.mirage(&options, &[&site]));
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let page = format!("http://127.0.0.1:{page}/");
    let knock = |unikernel: &mut Unikernel, order: [usize; 2]| {
        for door in order {
            assert_eq!(send(doors[door], b"").expect("a door"), b"");
            unikernel.wait_for(&format!("Port {door}: KNOCK KNOCK!"));
        }
    };
    knock(&mut unikernel, [2, 1]);
    assert!(get(&[&page]).expect("a page").contains("Hello from a unikernel!"), "the wrong order");
    assert_eq!(send(doors[0], b"reset\n").expect("the control port"), b"");
    unikernel.wait_for("Port 0: RESET!");
    knock(&mut unikernel, [1, 2]);
    assert_eq!(get(&[&format!("{page}a/b?c=d")]).as_deref(), Ok("the site"));
    let request = asked.recv().expect("a request");
    assert!(request.starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{request}");
    stop(unikernel);
}

#[test]
fn hello_on_every_machine() {
    everywhere(MACHINES, accelerators(), |machine| hello(&HELLO, machine));
}

/// What a timer is set by, how its controller is reached, what tells the time, and where chance comes from: there are two
/// ways of each.
#[test]
fn hello_on_processors_that_have_less() {
    everywhere(&["microvm"], accelerators(), |machine| {
        let shown = Outcome::of(&mut HELLO.mirage(&[machine, &["--dry-run"]].concat(), &[])).ends_with(0).out;
        let words = mirage::args::words(&shown).expect("a command");
        let processor = 1 + words.iter().position(|word| word == "-cpu").expect("a processor");
        for less in ["tsc-deadline", "x2apic", "tsc-deadline=off,x2apic", "kvmclock", "rdrand=off,rdseed"] {
            let mut words = words.clone();
            words[processor] += &format!(",{less}=off");
            let ended = Ended::of(Command::new(&words[0]).args(&words[1..]));
            assert_eq!(ended.status, Ok(0), "{words:?}: {}", ended.console);
            assert_eq!(ended.console, "hello\nhello\nhello\nhello\ngoodbye\n", "{words:?}");
        }
    });
}

#[test]
fn http_on_every_machine() {
    everywhere(MACHINES, accelerators(), |machine| http(&HTTP, machine));
}

#[test]
fn knocking_on_every_machine() {
    everywhere(MACHINES, accelerators(), |machine| knocking(&KNOCKING, machine));
}

#[test]
fn knocking_serves_in_four_mebibytes() {
    everywhere(&["microvm"], accelerators(), |machine| knocking(&KNOCKING, &[machine, &["--memory", "4M"]].concat()));
}

#[test]
fn images_for_debugging_on_every_machine() {
    everywhere(MACHINES, accelerators(), |machine| {
        hello(&HELLO_DEBUG, machine);
        http(&HTTP_DEBUG, machine);
        knocking(&KNOCKING_DEBUG, machine);
    });
}
