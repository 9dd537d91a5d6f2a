//! The exit statuses of `mirage`: every one that its help lists, reached one by one, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use mirage_e2e::{Outcome, Project, mirage};
use rustix::process::{Pid, Signal, kill_process};

const UNIKERNEL: &str = r#"
//! Ends as it is told.
#![no_std]
extern crate alloc;

#[derive(mirage::Args, Clone)]
pub struct Options {
    /// What to do: succeed, fail or panic
    #[arg(default = "succeed")]
    pub end: alloc::string::String,
}

#[derive(mirage::Args, Clone)]
pub struct LampOptions {
    /// Whether it is broken
    pub broken: bool,
}

/// A device that may be broken.
#[mirage::device]
pub trait Lamp: Clone + 'static {}

#[derive(Clone)]
pub struct Bulb;

impl Bulb {
    pub async fn connect(options: LampOptions) -> Result<Self, &'static str> {
        if options.broken { Err("it is broken") } else { Ok(Self) }
    }
}

impl Lamp for Bulb {}

#[mirage::job]
pub async fn start(_lamp: impl Lamp, options: Options) -> Result<(), &'static str> {
    match options.end.as_str() {
        "fail" => Err("as it was told"),
        "panic" => panic!("as it was told"),
        _ => Ok(()),
    }
}
"#;

const CONFIG: &str = r#"
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let lamp = device("lamp").everywhere("e2e_exits::Bulb").arguments::<e2e_exits::LampOptions>();
    let lamp: Impl<e2e_exits::LampKind> = lamp.provide();
    unikernel("e2e-exits").job(job!(e2e_exits::start(lamp, args())))
}
"#;

/// The statuses that `mirage --help` lists.
fn documented() -> BTreeSet<i32> {
    let help = Outcome::of(mirage(std::path::Path::new("/")).arg("--help")).ends_with(0).out;
    let (_, list) = help.split_once("Exit status:").expect("the help lists them");
    list.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

/// The status that Ctrl-C in the middle of a call ends it with.
fn interrupted(project: &Project) -> i32 {
    let mut command = project.command(&["configure"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("Evaluating")), "config.rs is run");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a process");
    kill_process(pid, Signal::INT).expect("a signal");
    said.for_each(drop);
    child.wait().expect("it ends").code().expect("by itself")
}

#[test]
fn each_status_has_its_one_meaning() {
    let mut seen = BTreeSet::new();
    let mut is = |outcome: Outcome, status: i32| {
        seen.insert(status);
        outcome.ends_with(status)
    };
    let project = Project::new("e2e-exits", "hello");
    project.write("config.rs", CONFIG.trim_start());
    project.write("unikernel.rs", UNIKERNEL.trim_start());
    let run = |arguments: &[&str]| project.call(&[&["run", "--quiet", "--"], arguments].concat());

    // How the unikernel ends is how `mirage run` ends.
    is(run(&[]), 0);
    is(run(&["--end=fail"]), 1).says(&["job `e2e_exits::start` failed: as it was told"]);
    is(run(&["--broken"]), 2).says(&["device `lamp1` could not be connected: it is broken"]);
    is(run(&["--brokn"]), 64).says(&["did you mean `--broken`?"]);
    is(run(&["--end=panic"]), 101).says(&["as it was told"]);

    // A virtual machine has more ways to end. What each does to an image is tried elsewhere: here is what becomes of the
    // statuses, as a monitor hands them on.
    project.call(&["build", "--quiet", "-t", "kvm"]).ends_with(0);
    let monitors = tempfile::tempdir().expect("a folder");
    let monitor = monitors.path().join("qemu-system-x86_64");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let paths = [monitors.path().to_owned()].into_iter().chain(std::env::split_paths(&usual));
    let paths = std::env::join_paths(paths).expect("a path");
    for status in [99, 102, 103, 104, 105, 106, 107, 108, 109, 110] {
        fs::write(&monitor, format!("#!/bin/sh\nexit {}\n", 33 + 2 * status)).expect("a file");
        fs::set_permissions(&monitor, fs::Permissions::from_mode(0o755)).expect("a program");
        let mut command = project.command(&["run", "--quiet", "--accel", "tcg"]);
        is(Outcome::of(command.env("PATH", &paths)), status);
    }
    project.call(&["configure", "--quiet", "-t", "unix"]).ends_with(0);

    // The command line, the project, config.rs, the application.
    is(project.call(&["configure", "--nonsense"]), 64).says(&["--nonsense", "hint: this config.rs has no keys"]);
    is(project.call(&["configure", "nowhere"]), 66).says(&["there is no `nowhere`"]);
    project.replace("config.rs", "unikernel(", "unikernels(");
    is(project.call(&["configure"]), 65).says(&["config.rs` does not compile", "unikernels"]);
    project.replace("config.rs", "unikernels(", "unikernel(");
    project.replace("unikernel.rs", "Ok(())", "Ok(1)");
    is(project.call(&["build"]), 76).says(&["unikernel.rs:"]);
    project.replace("unikernel.rs", "Ok(1)", "Ok(())");

    // The machine: a cargo that is not there, one that does not answer as cargo does, a file that cannot be written.
    let with_cargo = |cargo: &str| {
        let mut command = project.command(&["configure"]);
        project.write("Cargo.toml", &(project.read("Cargo.toml") + "\n# Changed.\n"));
        Outcome::of(command.env("CARGO", cargo))
    };
    is(with_cargo("/nowhere/cargo"), 69).says(&["`/nowhere/cargo` cannot be run", "`mirage doctor`"]);
    is(with_cargo("true"), 70).says(&["what `cargo metadata` answers is not understood"]);
    is(project.call(&["man", "--dir", "config.rs/man"]), 73).says(&["config.rs/man"]);

    project.write("config.rs", "fn main() { loop { std::thread::park() } }\n");
    seen.insert(interrupted(&project));

    assert_eq!(seen, documented(), "all that are documented, and no other");
}
