//! Unikernels in virtual machines, by `mirage run`: how they end, how they are stopped, and what is left.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, Unikernel, free_port, have, skip};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

const UNIKERNEL: &str = r#"
//! Ends as it is told.
#![no_std]
extern crate alloc;

use core::time::Duration;
use mirage::{Console, Time};

#[derive(mirage::Args, Clone)]
pub struct Options {
    /// What to do: succeed, fail, panic, wait or repeat
    #[arg(default = "succeed")]
    pub end: alloc::string::String,
    /// What to say first
    #[arg(default = "it is up")]
    pub say: alloc::string::String,
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

#[inline(never)]
fn told_to_panic() {
    panic!("as it was told");
}

#[mirage::job]
pub async fn start(
    console: impl Console,
    time: impl Time,
    _lamp: impl Lamp,
    options: Options,
) -> Result<(), &'static str> {
    console.log(&options.say).await;
    match options.end.as_str() {
        "fail" => Err("as it was told"),
        "panic" => Ok(told_to_panic()),
        "repeat" => loop {
            console.log(&options.say).await;
            time.sleep(Duration::from_millis(10)).await;
        },
        "wait" => Ok(time.sleep(Duration::from_secs(3600)).await),
        _ => Ok(()),
    }
}
"#;

const CONFIG: &str = r#"
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let lamp = device("lamp").everywhere("e2e_machine::Bulb").arguments::<e2e_machine::LampOptions>();
    let lamp: Impl<e2e_machine::LampKind> = lamp.provide();
    let job = job!(e2e_machine::start(default_console(), default_time(), lamp, args()));
    unikernel("e2e-machine").job(job)
}
"#;

/// The project, built once.
fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-machine", "hello");
        project.write("config.rs", CONFIG.trim_start());
        project.write("unikernel.rs", UNIKERNEL.trim_start());
        project.call(&["build", "-t", "kvm"]).ends_with(0);
        project
    })
}

/// A call of `mirage run` with a temporary folder of its own.
struct Run {
    command: Command,
    temporary: TempDir,
    _programs: TempDir,
}

impl Run {
    /// With QEMU, emulated; none and a line that says so where there is no QEMU.
    fn real(arguments: &[&str]) -> Option<Self> {
        if !have("qemu-system-x86_64") {
            skip("a virtual machine", "wants QEMU (package qemu-system-x86)");
            return None;
        }
        Some(Self::with("", arguments))
    }

    /// With a script for QEMU.
    fn with(script: &str, arguments: &[&str]) -> Self {
        let (temporary, programs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        if !script.is_empty() {
            let file = programs.path().join("qemu-system-x86_64");
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a file");
            fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("a program");
        }
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let paths = [programs.path().to_owned()].into_iter().chain(std::env::split_paths(&usual));
        let mut command = project().command(&["run", "-t", "kvm", "--accel", "tcg"]);
        command.args(arguments).env("PATH", std::env::join_paths(paths).expect("a path"));
        command.env("TMPDIR", temporary.path());
        Self { command, temporary, _programs: programs }
    }

    /// To its end, which leaves nothing.
    fn finish(mut self) -> Outcome {
        let outcome = Outcome::of(&mut self.command);
        assert!(is_empty(self.temporary.path()), "{outcome:?}");
        outcome
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a process"), signal).expect("a signal");
}

#[test]
fn how_a_unikernel_ends_is_how_mirage_ends() {
    let end = |arguments: &[&str]| Some(Run::real(&[&["--"], arguments].concat())?.finish());
    let Some(well) = end(&["--say", "two  \"words\" and 'more' \\"]) else { return };
    assert_eq!(well.ends_with(0).out.trim_end(), "two  \"words\" and 'more' \\");
    let says = |arguments: &[&str], status: i32, part: &str| {
        let outcome = end(arguments).expect("QEMU is there").ends_with(status);
        assert!(outcome.out.contains(part), "{part:?} in {}", outcome.out);
    };
    says(&["--end=fail"], 1, "job `e2e_machine::start` failed: as it was told");
    says(&["--broken"], 2, "device `lamp1` could not be connected: it is broken");
    says(&["--brokn"], 64, "did you mean `--broken`?");
    says(&["--help"], 0, "--say SAY");
}

#[test]
fn a_panic_is_shown_with_its_places_in_the_source() {
    let Some(run) = Run::real(&["--", "--end=panic"]) else { return };
    let out = run.finish().ends_with(101).out;
    assert!(out.contains("as it was told"), "{out}");
    let place = "e2e_machine::told_to_panic (";
    let line = out.lines().find(|line| line.starts_with("  at 0x") && line.contains(place)).expect(&out);
    assert!(line.contains("unikernel.rs:"), "{line}");
}

#[test]
fn every_machine_of_qemus_runs_it() {
    for machine in ["microvm", "microvm,acpi=off", "q35", "pc"] {
        let Some(run) = Run::real(&["--machine", machine, "--", "--say", machine]) else { return };
        assert_eq!(run.finish().ends_with(0).out.trim_end(), machine);
    }
}

#[test]
fn a_signal_stops_it_and_leaves_nothing() {
    for (machine, how) in [("microvm", Signal::TERM), ("q35", Signal::INT), ("pc", Signal::HUP)] {
        let Some(mut run) = Run::real(&["--machine", machine, "--", "--end=wait"]) else { return };
        let mut unikernel = Unikernel::spawn(&mut run.command);
        unikernel.wait_for("it is up");
        signal(unikernel.pid(), how);
        assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
        assert!(is_empty(run.temporary.path()));
    }
}

#[test]
fn it_stops_when_nobody_listens_any_more() {
    let Some(mut run) = Run::real(&["--quiet", "--", "--end=repeat"]) else { return };
    let mut child = run.command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    assert_eq!((line.trim_end(), child.wait().expect("it ends").code()), ("it is up", Some(0)));
    assert!(is_empty(run.temporary.path()));
}

#[test]
fn ctrl_c_on_a_terminal_stops_it_and_does_not_reach_the_monitor() {
    if !have("script") {
        return skip("Ctrl-C on a terminal", "wants `script`, of util-linux or bsdutils");
    }
    let Some(run) = Run::real(&["--quiet", "--", "--end=wait"]) else { return };
    let words: Vec<_> = run.command.get_args().map(|word| word.to_str().expect("text")).collect();
    let program = run.command.get_program().display().to_string();
    let mut command = Command::new("script");
    // A shell that stays in between gets the signal as well, and dash then ends by it: it makes room instead.
    command.args(["--quiet", "--return", "--command", &format!("exec '{program}' {}", words.join(" ")), "/dev/null"]);
    command.envs(run.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(project().folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = command.spawn().expect("it starts");
    let mut lines = BufReader::new(terminal.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("it is up")), "it comes up");
    terminal.stdin.as_mut().expect("a pipe").write_all(b"\x03").expect("it is typed");
    let rest: Vec<String> = lines.collect();
    assert_eq!(terminal.wait().expect("it ends").code(), Some(0), "{rest:?}");
    assert!(is_empty(run.temporary.path()));
}

#[test]
fn gdb_goes_to_the_first_instruction_by_the_line_that_is_said() {
    if !have("gdb") {
        return skip("a machine that waits for gdb", "wants `gdb`");
    }
    let port = free_port();
    let Some(mut run) = Run::real(&[&format!("--gdb={port}")]) else { return };
    let mut unikernel = Unikernel::spawn(&mut run.command);
    let line = unikernel.wait_for("for gdb: ");
    let (_, line) = line.split_once("for gdb: ").expect("it is");
    // It is said before QEMU listens.
    let script = format!("until (: < /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do :; done; {line} -batch -ex detach");
    let said = Outcome::of(Command::new("bash").args(["-c", &script]).stdin(Stdio::null())).ends_with(0).out;
    assert!(said.contains("Breakpoint 1, ") && said.contains(" in mirage_entry ()"), "{said}");
    unikernel.wait_for("it is up");
    assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
}

#[test]
fn who_is_killed_takes_the_machine_along() {
    let Some(mut run) = Run::real(&["--", "--end=wait"]) else { return };
    let mut unikernel = Unikernel::spawn(&mut run.command);
    unikernel.wait_for("it is up");
    let pid = unikernel.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("Linux tells");
    let child = children.split_whitespace().next().and_then(|child| child.parse().ok()).expect("a monitor");
    let monitor = pidfd_open(Pid::from_raw(child).expect("a process"), PidfdFlags::empty()).expect("it runs");
    signal(pid, Signal::KILL);
    let patience = Timespec { tv_sec: 60, tv_nsec: 0 };
    assert_eq!(poll(&mut [PollFd::new(&monitor, PollFlags::IN)], Some(&patience)), Ok(1), "it ends as well");
    assert!(is_empty(run.temporary.path()));
}

#[test]
fn a_second_signal_ends_a_machine_that_does_not_stop() {
    let mut run = Run::with("echo it is up; exec sleep 3600", &[]);
    let mut unikernel = Unikernel::spawn(&mut run.command);
    unikernel.wait_for("it is up");
    signal(unikernel.pid(), Signal::TERM);
    signal(unikernel.pid(), Signal::INT);
    unikernel.wait_for("ended before the unikernel had stopped");
    assert_eq!(unikernel.status(), 130);
    assert!(is_empty(run.temporary.path()));
}

#[test]
fn a_monitor_that_fails_is_heard() {
    let failed = Run::with("echo no such machine >&2; exit 1", &[]).finish().ends_with(69);
    failed.says(&["`qemu-system-x86_64` failed (exit status 1)", "no such machine"]);
    let silent = Run::with("echo bye", &[]).finish().ends_with(69);
    assert_eq!(silent.out, "bye\n");
    silent.says(&["ended without a status of the unikernel's", "the machine was reset"]);
}

#[test]
fn what_is_written_to_it_reaches_it_and_a_prompt_is_seen_at_once() {
    let mut run = Run::with("printf 'who? '; read name; echo \"hello $name\"; exit 33", &[]);
    let mut child = run.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut prompt = vec![];
    out.read_until(b' ', &mut prompt).expect("it is shown");
    assert_eq!(prompt, b"who? ");
    child.stdin.take().expect("a pipe").write_all(b"you\n").expect("it reads");
    let mut answer = String::new();
    out.read_line(&mut answer).expect("an answer");
    assert_eq!((answer.as_str(), child.wait().expect("it ends").code()), ("hello you\n", Some(0)));
}

#[test]
fn an_image_that_does_not_fit_is_refused() {
    let config = project().read("unikernel.rs");
    let project = Project::new("e2e-machine-large", "hello");
    project.write("config.rs", &CONFIG.trim_start().replace("e2e_machine", "e2e_machine_large"));
    let large = "pub static LARGE: [u8; 4 << 20] = [1; 4 << 20];\n\n#[inline(never)]";
    let config = config
        .replace("#[inline(never)]", large)
        .replace("&options.say", "&options.say[..LARGE[options.say.len()] as usize]");
    project.write("unikernel.rs", &config);
    project.replace("config.rs", "\"e2e-machine\"", "\"e2e-machine-large\"");
    let refused = project.call(&["run", "--quiet", "-t", "kvm", "--accel", "tcg", "--memory", "4M"]);
    if !have("qemu-system-x86_64") {
        return skip("an image that does not fit", "wants QEMU");
    }
    refused.ends_with(64).says(&["`4M` of memory are too little: the image alone ends at", "hint: `--memory "]);
}
