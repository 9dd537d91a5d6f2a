//! Firecracker and Cloud Hypervisor, as scripts that say what they are told: neither is in any distribution.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Project, Unikernel, skip};
use rustix::process::Signal;
use tempfile::TempDir;

/// The project, built once.
fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::new("e2e-others", "hello");
        project.call(&["build", "-t", "kvm"]).ends_with(0);
        project
    })
}

/// A call of `mirage run` with a monitor that is this script, and its temporary folder.
struct Run {
    command: Command,
    temporary: TempDir,
    _programs: TempDir,
}

impl Run {
    /// None, and a line that says so, where there is no KVM: these have no other way.
    fn new(monitor: &str, script: &str) -> Option<Self> {
        if OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
            skip(monitor, "wants /dev/kvm");
            return None;
        }
        let (temporary, programs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let file = programs.path().join(monitor);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("a program");
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let paths = [programs.path().to_owned()].into_iter().chain(std::env::split_paths(&usual));
        let mut command = project().command(&["run", "-t", "kvm", "--monitor", monitor, "--", "--logs", "debug"]);
        command.env("PATH", std::env::join_paths(paths).expect("a path")).env("TMPDIR", temporary.path());
        Some(Self { command, temporary, _programs: programs })
    }

    fn is_tidy(&self) -> bool {
        fs::read_dir(self.temporary.path()).expect("a folder").next().is_none()
    }
}

#[test]
fn the_status_said_last_on_the_console_is_the_exit_status_and_not_shown() {
    let script =
        "echo \"$@\"; for last; do :; done; cat \"$last\"; printf 'mirage: status 7\\nbye\\nmirage: status 101\\n'";
    let Some(mut run) = Run::new("firecracker", script) else { return };
    let out = Outcome::of(&mut run.command).ends_with(101).out;
    assert!(out.starts_with("--api-sock ") && out.contains(" --config-file "), "{out}");
    assert!(out.contains("\"boot_args\":\"mirage.exit=console -- --logs debug\""), "{out}");
    assert!(out.contains("dist/e2e-others.kvm") && out.contains(" --log-path "), "{out}");
    assert!(out.ends_with("mirage: status 7\nbye\n"), "{out}");
    assert!(run.is_tidy());
}

#[test]
fn without_a_status_it_is_the_monitor_that_failed() {
    let Some(mut run) = Run::new("cloud-hypervisor", "echo \"$@\"; echo cannot >&2; exit 3") else { return };
    let failed = Outcome::of(&mut run.command).ends_with(69);
    assert!(
        failed.out.contains("--serial tty --console off") && failed.out.contains("--api-socket path="),
        "{failed:?}"
    );
    failed.says(&["`cloud-hypervisor` failed (exit status 3)", "cannot"]);
    assert!(run.is_tidy());
}

#[test]
fn one_that_does_not_listen_is_ended_by_a_second_signal() {
    let Some(mut run) = Run::new("firecracker", "echo it is up; exec sleep 3600") else { return };
    let mut unikernel = Unikernel::spawn(&mut run.command);
    unikernel.wait_for("it is up");
    unikernel.signal(Signal::TERM);
    unikernel.wait_for("Firecracker did not tell its machine to stop");
    unikernel.signal(Signal::TERM);
    unikernel.wait_for("ended before the unikernel had stopped");
    assert_eq!(unikernel.status(), 130);
    assert!(run.is_tidy());
}
