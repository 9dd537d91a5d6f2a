//! How a unikernel ends, and what its status says; with jobs, devices and arguments of a user's own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, Unikernel};
use rustix::process::{Pid, Signal, kill_process};

const UNIKERNEL: &str = r#"
//! Ends as it is told.
#![no_std]
extern crate alloc;

use alloc::string::{String, ToString};
use core::time::Duration;
use mirage::{Console, Time, log};

#[derive(mirage::Args, Clone)]
pub struct Options {
    /// What to do: succeed, fail, panic or wait
    #[arg(default = "succeed")]
    pub end: String,
}

/// A device of our own, and its trait.
#[mirage::device]
pub trait Oracle: Clone + 'static {
    fn answer(&self) -> String;
}

#[derive(mirage::Args, Clone)]
pub struct OracleOptions {
    /// Whether the oracle is in
    pub mute: bool,
    /// What it says
    #[arg(default = "42")]
    pub answer: String,
}

#[derive(Clone)]
pub struct Delphi(String);

impl Delphi {
    pub async fn connect(options: OracleOptions) -> Result<Self, &'static str> {
        if options.mute { Err("the oracle is out") } else { Ok(Self(options.answer)) }
    }
}

impl Oracle for Delphi {
    fn answer(&self) -> String {
        self.0.clone()
    }
}

#[mirage::job]
pub async fn start(console: impl Console, time: impl Time, oracle: impl Oracle, options: Options) -> Result<(), String> {
    console.log(oracle.answer()).await;
    log::info!("about to {}", options.end);
    log::debug!("in detail");
    match options.end.as_str() {
        "succeed" => Ok(()),
        "fail" => Err("as it was told".to_string()),
        "panic" => panic!("as it was told"),
        _ => loop {
            console.log("waiting").await;
            time.sleep(Duration::from_secs(3600)).await;
        },
    }
}

/// Says what is typed, line by line.
#[mirage::job]
pub async fn echo(console: impl Console) {
    let mut buffer = [0; 64];
    while let Ok(length @ 1..) = console.read(&mut buffer).await {
        let _ = console.write(&buffer[..length]).await;
    }
}
"#;

const CONFIG: &str = r#"
use mirage_config::prelude::*;

#[track_caller]
fn oracle(prefix: &'static str) -> Impl<e2e_ends::OracleKind> {
    device("oracle").everywhere("e2e_ends::Delphi").arguments::<e2e_ends::OracleOptions>().provide().prefix(prefix)
}

fn main() -> Unikernel {
    let console = default_console();
    let (first, second) = (oracle("delphi"), oracle("dodona"));
    let chosen = if_impl(flag("second", "Ask the other one"), second, first);
    unikernel("e2e-ends")
        .job(job!(e2e_ends::start(console, default_time(), chosen, args())))
        .job(job!(e2e_ends::echo(console)))
}
"#;

/// The image, built once.
fn image() -> PathBuf {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    let project = PROJECT.get_or_init(|| {
        let project = Project::new("e2e-ends", "hello");
        project.write("config.rs", CONFIG.trim_start());
        project.write("unikernel.rs", UNIKERNEL.trim_start());
        project.call(&["build"]).ends_with(0);
        project
    });
    project.file("dist/e2e-ends")
}

fn call(arguments: &[&str]) -> Outcome {
    Outcome::of(Command::new(image()).args(arguments).stdin(std::process::Stdio::null()))
}

#[test]
fn each_end_has_its_status() {
    let good = call(&[]).ends_with(0);
    assert_eq!(good.out, "42\n");
    assert!(good.err.contains("info  e2e_ends: about to succeed") && !good.err.contains("in detail"), "{}", good.err);
    call(&["--end=fail"])
        .ends_with(1)
        .says(&["e2e-ends: error: job `e2e_ends::start` failed: as it was told", "config.rs:13"]);
    let mute = call(&["--delphi-mute"]).ends_with(2);
    mute.says(&["e2e-ends: error: device `oracle1` could not be connected: the oracle is out", "config.rs:10"]);
    call(&["--end"]).ends_with(64).says(&["`--end` needs a value"]);
    call(&["--end=panic"]).ends_with(101).says(&["panicked at", "as it was told"]);
}

#[test]
fn its_help_says_all_there_is_and_nothing_else() {
    let help = call(&["--help"]).ends_with(0).out;
    for line in ["--end END", "--delphi-mute", "--delphi-answer ANSWER", "[default: 42]", "--logs", "--delay SECONDS"] {
        assert!(help.contains(line), "{line} in\n{help}");
    }
    assert!(!help.contains("dodona"), "the other branch is not there:\n{help}");
}

#[test]
fn logs_are_filtered_by_source() {
    let all = call(&["--logs=off,e2e_ends:debug"]).ends_with(0).err;
    assert!(all.contains("debug e2e_ends: in detail"), "{all}");
    assert_eq!(call(&["--logs=off"]).ends_with(0).err, "");
    call(&["--logs=e2e_ends"]).ends_with(64).says(&["`--logs` cannot be `e2e_ends`"]);
}

#[test]
fn a_delay_is_waited_for() {
    let begin = std::time::Instant::now();
    call(&["--delay=0.4"]).ends_with(0);
    assert!(begin.elapsed() >= std::time::Duration::from_millis(400));
    call(&["--delay=soon"]).ends_with(64).says(&["`--delay` cannot be `soon`"]);
}

#[test]
fn a_signal_is_a_clean_stop() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut unikernel = Unikernel::start(&image(), &["--end=wait"]);
        unikernel.wait_for("waiting");
        kill_process(Pid::from_raw(unikernel.pid()).expect("a process"), signal).expect("a signal");
        unikernel.wait_for("stopping");
        assert_eq!(unikernel.status(), 0, "{signal:?}");
    }
}

#[test]
fn what_is_typed_is_read_from_a_pipe_and_from_a_file() {
    use std::io::Write as _;
    let mut command = Command::new(image());
    command.args(["--logs=off"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(b"typed\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\ntyped\n");

    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&b"line\n".repeat(100)).expect("a file");
    let mut command = Command::new(image());
    command.args(["--logs=off"]).stdin(file.reopen().expect("a file"));
    let outcome = Outcome::of(&mut command).ends_with(0);
    assert_eq!(outcome.out.matches("line\n").count(), 100);
}

#[test]
fn mirage_run_ends_as_the_unikernel_does() {
    let project = Project::new("e2e-run-status", "http");
    project.call(&["run", "-q", "--", "--http-port=x"]).ends_with(64).says(&["`--http-port` cannot be `x`"]);
    project.call(&["run", "-q", "--", "--listen=192.0.2.1", "--http-port=0"]).ends_with(1).says(&["no such address"]);
}
