//! `mirage run -t xen --lab`, as a person calls it: what is seen, how it is stopped, and that nothing is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use mirage_e2e::xen::has_lab;
use mirage_e2e::{Outcome, Project, Unikernel, free_port, get, send};
use rustix::process::Signal;
use tempfile::TempDir;

/// A call of `mirage run` in the lab, with a temporary folder of its own.
struct Run {
    command: Command,
    temporary: TempDir,
}

impl Run {
    /// Of a project, which is built.
    fn of(project: &Project, arguments: &[&str]) -> Self {
        project.call(&["build", "-t", "xen"]).ends_with(0);
        let temporary = tempfile::tempdir().expect("a folder");
        let mut command = project.command(&["run", "-t", "xen", "--lab"]);
        command.args(arguments).env("TMPDIR", temporary.path());
        Self { command, temporary }
    }

    /// Nothing is there that was not before: neither files nor QEMU, whose command names one of them.
    #[track_caller]
    fn left_nothing(&self) {
        let folder = self.temporary.path();
        let files: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        assert!(files.is_empty(), "{files:?}");
        assert_eq!(who_names(folder), Vec::<String>::new());
    }
}

/// The command lines of all processes that have this path in them.
fn who_names(path: &Path) -> Vec<String> {
    let commands = fs::read_dir("/proc").expect("Linux tells").flatten();
    // One that has just ended has none any more.
    let commands = commands.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let path = path.to_str().expect("text");
    commands.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(path)).collect()
}

#[test]
fn hello_is_said_on_xen_and_mirage_ends_as_it_does() {
    if !has_lab("hello by `mirage run --lab`") {
        return;
    }
    let project = Project::new("xen-run-hello", "hello");
    let mut run = Run::of(&project, &["--quiet", "--", "--help"]);
    let help = Outcome::of(&mut run.command).ends_with(0);
    assert!(help.out.contains("--logs"), "{}", help.out);
    run.left_nothing();

    let mut run = Run::of(&project, &["--quiet"]);
    let outcome = Outcome::of(&mut run.command).ends_with(0);
    assert_eq!((outcome.out.as_str(), outcome.err.as_str()), ("hello\nhello\nhello\nhello\ngoodbye\n", ""));
    run.left_nothing();

    let mut run = Run::of(&project, &["--quiet", "--", "--no-such"]);
    let outcome = Outcome::of(&mut run.command).ends_with(64);
    assert!(outcome.out.contains("--no-such"), "{outcome:?}");
    run.left_nothing();
}

#[test]
fn the_demo_is_reached_by_its_published_port_and_ctrl_c_ends_it() {
    if !has_lab("knocking by `mirage run --lab`") {
        return;
    }
    let (http, control) = (free_port(), free_port());
    let publish = [format!("{http}:80"), format!("127.0.0.1:{control}:32000")];
    let project = Project::new("xen-run-knocking", "knocking");
    let mut run = Run::of(&project, &["-p", &publish[0], "-p", &publish[1], "--", "--http-port=80"]);
    let mut unikernel = Unikernel::spawn(&mut run.command);
    unikernel.wait_for(&format!("{http} is the unikernel's port 80"));
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    assert_ne!(who_names(run.temporary.path()), Vec::<String>::new(), "QEMU is found");
    let page = get(&[&format!("http://127.0.0.1:{http}/")]).expect("a page");
    assert!(page.contains("Hello from a unikernel!"), "{page}");
    assert_eq!(send(control, b"reset\n").expect("the control port"), b"");
    unikernel.wait_for("Port 0: RESET!");
    unikernel.signal(Signal::INT);
    assert_eq!(unikernel.status(), 0, "{:?}", unikernel.lines());
    run.left_nothing();
}

#[test]
fn ctrl_c_ends_it_while_it_boots_as_well() {
    if !has_lab("Ctrl-C during `mirage run --lab`") {
        return;
    }
    let project = Project::new("xen-run-early", "hello");
    let mut run = Run::of(&project, &[]);
    let mut unikernel = Unikernel::spawn(&mut run.command);
    unikernel.wait_for("Booting");
    while who_names(run.temporary.path()).is_empty() {
        std::thread::yield_now();
    }
    unikernel.signal(Signal::INT);
    unikernel.wait_for("ended before the unikernel had stopped");
    assert_eq!(unikernel.status(), 130, "{:?}", unikernel.lines());
    run.left_nothing();
}
