//! `mirage run` of virtual machines as far as it goes without one: what would be done, and what is refused and how.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, have, root, skip};
use snapbox::{Data, assert_data_eq};

const UNIKERNEL: &str = r#"
//! Two network interfaces, and what is over each.
#![no_std]
extern crate alloc;

#[mirage::device]
pub trait Echo: Clone + 'static {}

#[mirage::job]
pub async fn start(_lan: impl Echo, _wan: impl Echo) {}
"#;

/// Cards of its own, so that what is shown hangs on nothing but the tool.
const CONFIG: &str = r#"
use mirage::args::{AutoIpv4, StaticIpv4};
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let card = || -> Impl<mirage::kind::Network> { device("card").everywhere("e2e_shown::Card").provide() };
    let echo = || device("echo").everywhere("e2e_shown::Echo");
    let lan: Impl<e2e_shown::EchoKind> = echo().over(card()).arguments::<StaticIpv4>().provide();
    let wan: Impl<e2e_shown::EchoKind> = echo().over(card()).arguments::<AutoIpv4>().provide().prefix("wan");
    unikernel("e2e-shown").job(job!(e2e_shown::start(lan, wan)))
}
"#;

fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-shown", "hello");
        project.write("config.rs", CONFIG.trim_start());
        project.write("unikernel.rs", UNIKERNEL.trim_start());
        project
    })
}

/// A call of `mirage run -t kvm` with programs of these names on the path, which do nothing.
fn run(programs: &[&str], arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    for program in programs {
        let file = folder.path().join(program);
        fs::write(&file, "#!/bin/sh\n").expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    // cargo and cc, and no monitor.
    let cargo = Path::new(env!("CARGO")).parent().expect("a folder");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let monitors = ["qemu-system-x86_64", "firecracker", "cloud-hypervisor"];
    let without = std::env::split_paths(&usual).filter(|path| !monitors.iter().any(|name| path.join(name).exists()));
    let links = tempfile::tempdir().expect("a folder");
    for program in ["cc", "rustc", "cargo", "ip", "ld"] {
        let found = std::env::split_paths(&usual).map(|path| path.join(program)).find(|file| file.is_file());
        if let Some(file) = found {
            std::os::unix::fs::symlink(file, links.path().join(program)).expect("a link");
        }
    }
    let own: [PathBuf; 3] = [folder.path().into(), links.path().into(), cargo.into()];
    let paths = std::env::join_paths(own.into_iter().chain(without)).expect("a path");
    let mut command = project().command(&["run", "-t", "kvm", "--quiet"]);
    Outcome::of(command.args(arguments).env("PATH", paths))
}

const QEMU: &[&str] = &["qemu-system-x86_64"];

#[test]
fn what_would_be_run() {
    let here = project().folder().display().to_string();
    let mut all = String::new();
    let mut show = |programs: &[&str], arguments: &[&str]| {
        let shown = run(programs, &[&["--dry-run"], arguments].concat()).ends_with(0).out;
        all += &format!("$ mirage run -t kvm --dry-run {}\n{shown}\n", arguments.join(" "));
    };
    show(QEMU, &["--accel", "tcg"]);
    show(QEMU, &["--accel", "tcg", "--machine", "q35", "-p", "8080:80", "-p", "0.0.0.0:53:53/udp", "--memory", "1G"]);
    show(QEMU, &["--accel", "tcg", "--pcap", "seen.pcap", "--", "--ipv4", "192.168.7.2/24", "--wan-ipv4=10.9.0.2/16"]);
    show(QEMU, &["--accel", "tcg", "--network", "tap:lan0,wan0", "--gdb", "--", "--ipv4=10.0.0.2/24"]);
    show(QEMU, &["--accel", "tcg", "--machine", "microvm,acpi=off", "--", "--help"]);
    if have("ip") {
        show(QEMU, &["--accel", "tcg", "--netns", "e2e-none"]);
    } else {
        return skip("what would be run", "wants `ip`");
    }
    let golden = Data::read_from(&root().join("tests/golden/run.kvm.txt"), Some(snapbox::data::DataFormat::Text)).raw();
    assert_data_eq!(all.replace(&here, "[PROJECT]"), golden);
}

#[test]
fn what_would_be_run_by_others() {
    if fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
        return skip("firecracker and cloud-hypervisor --dry-run", "want /dev/kvm");
    }
    let here = project().folder().display().to_string();
    let mut all = String::new();
    for monitor in ["firecracker", "cloud-hypervisor"] {
        let arguments = ["--monitor", monitor, "--network", "tap:lan0,wan0", "--", "--ipv4=10.0.0.2/24"];
        let shown = run(&[monitor], &[&["--dry-run"], &arguments[..]].concat()).ends_with(0).out;
        all += &format!("$ mirage run -t kvm --dry-run {}\n{shown}\n", arguments.join(" "));
    }
    let golden = root().join("tests/golden/run.kvm-others.txt");
    let golden = Data::read_from(&golden, Some(snapbox::data::DataFormat::Text)).raw();
    assert_data_eq!(all.replace(&here, "[PROJECT]"), golden);
}

#[test]
fn what_would_be_run_is_shown_to_programs_as_well() {
    let shown = run(QEMU, &["--dry-run", "--accel", "tcg", "--format", "json"]).ends_with(0).out;
    let value: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(value["command"][0], "qemu-system-x86_64");
    assert_eq!((value["before"].as_array().map(Vec::len), value.get("file")), (Some(0), None));
}

#[test]
fn what_is_wrong_with_an_option() {
    for (arguments, parts) in [
        (&["--monitor", "bochs"][..], &["invalid value 'bochs'", "qemu, firecracker, cloud-hypervisor"][..]),
        (&["--machine", "isapc"], &["`microvm`, `q35` or `pc` is wanted"]),
        (&["--accel", "hvf"], &["invalid value 'hvf'", "auto, kvm, tcg"]),
        (&["--memory", "32"], &["its unit is missing, such as `32M` or `32G`"]),
        (&["--memory", "1M"], &["`2M` is the least"]),
        (&["--network", "bridge"], &["`user`, `tap`, or `tap:` and the name"]),
        (&["-p", "80"], &["`HOST-PORT:PORT` is wanted"]),
        (&["-p", "8080:80", "-p", "8080:81"], &["ask for the same port"]),
        (&["-p", "8080:80", "--network", "tap"], &["`--publish` is for `--network user`", "at its own address"]),
        (&["--netns", "x", "--network", "user"], &["`--netns` is for tap devices", "`--network tap`"]),
        (&["--network", "tap:a,b,c"], &["has 2 network interfaces, fewer than `--network` names"]),
        (&["--gdb=0"], &["0 is not in 1..=65535"]),
        (&["--", "--ipv4=10.0.0.1/30"], &["10.0.0.1/30 has no room", "29 or less"]),
    ] {
        run(QEMU, &[&["--dry-run"], arguments].concat()).ends_with(64).says(parts);
    }
}

#[test]
fn a_monitor_that_is_not_there_and_one_that_cannot_do_it() {
    let all = ["qemu-system-x86_64", "firecracker", "cloud-hypervisor"];
    run(&[], &["--dry-run"]).ends_with(69).says(&["no monitor is installed", "`mirage doctor -t kvm`"]);
    let missing = run(QEMU, &["--dry-run", "--monitor", "firecracker"]).ends_with(69);
    missing.says(&["`firecracker` is not installed", "`mirage doctor -t kvm`", "`--monitor qemu` is there"]);
    for arguments in [&["-p", "1:1"][..], &["--machine", "q35"], &["--accel", "tcg"], &["--gdb"], &["--pcap", "x"]] {
        let arguments = [&["--dry-run", "--monitor", "cloud-hypervisor"], arguments].concat();
        run(&all, &arguments).ends_with(64).says(&["is not for `cloud-hypervisor`", "`--monitor qemu` takes it"]);
    }
}

#[test]
fn options_of_machines_are_refused_where_there_are_none_and_those_of_interfaces_too() {
    let hello = Project::new("e2e-shown-hello", "hello");
    for option in [["--memory", "16M"], ["--monitor", "qemu"], ["-p", "1:1"]] {
        let refused = hello.call(&["run", "-t", "unix", "--dry-run", option[0], option[1]]).ends_with(64);
        refused.says(&["is for virtual machines", "`-t kvm`"]);
    }
    if !have("qemu-system-x86_64") {
        return skip("options of interfaces", "wants QEMU");
    }
    for option in [["--publish", "1:1"], ["--network", "user"], ["--pcap", "x"]] {
        let refused = hello.call(&["run", "-t", "kvm", "--dry-run", option[0], option[1]]).ends_with(64);
        refused.says(&[&format!("`{}` is for network interfaces", option[0]), "`generic_stack"]);
    }
}

#[test]
fn who_takes_a_key_for_the_network_is_shown_the_option() {
    let http = Project::new("e2e-shown-net", "http");
    for value in ["user", "tap"] {
        let hint = "hint: `--net` chooses a device of config.rs; a machine is connected by";
        let refused = http.call(&["run", "--dry-run", "--net", value]).ends_with(64);
        refused.says(&[&format!("invalid value '{value}' for '--net <NET>'"), &format!("{hint} `--network {value}`")]);
    }
}

#[test]
fn keys_cannot_be_called_as_options_are() {
    let config = "use mirage_config::prelude::*;\n\nfn main() -> Unikernel {\n    let key = flag(\"memory\", \"How much\");\n    \
                  let console = if_impl(key, default_console(), default_console());\n    \
                  unikernel(\"e2e-shown-key\").job(job!(hello::start(console, default_time())))\n}\n";
    let project = Project::with_config("e2e-shown-key", &config.replace("hello::", "e2e_shown_key::"));
    project.call(&["configure"]).ends_with(65).says(&["`memory`", "that is an option of `mirage` itself"]);
}

#[test]
fn a_port_that_is_taken() {
    // Only what can be built can be run: the tool alone is asked here, by an image that is there already.
    if !have("qemu-system-x86_64") {
        return skip("a port that is taken", "wants QEMU");
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hello = Project::new("e2e-shown-port", "hello");
    let taken = hello.call(&["run", "-t", "kvm", "--quiet", &format!("--gdb={port}")]).ends_with(69);
    taken.says(&[&format!("port {port} of 127.0.0.1 cannot be had"), "`--gdb=PORT`"]);
}
