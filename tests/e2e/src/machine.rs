//! Images on machines of QEMU's, without `mirage run` in between.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::Project;

/// What QEMU ends with is twice the status and one; the image adds 16 to its own, which QEMU's cannot be then.
const STATUS: i32 = 16;

/// An image of a project for kvm, built once for all tests of a program.
pub struct Machine {
    project: fn() -> Project,
    options: &'static [&'static str],
    built: OnceLock<(Project, PathBuf)>,
}

/// How a machine ended, and what was on its console.
#[derive(Debug)]
pub struct Ended {
    /// The image's status, or what QEMU said if it had none.
    pub status: Result<i32, String>,
    /// What was on the console.
    pub console: String,
}

impl Machine {
    /// An image as it is released.
    pub const fn new(project: fn() -> Project) -> Self {
        Self { project, options: &[], built: OnceLock::new() }
    }

    /// An image with checks, for debugging.
    pub const fn debug(project: fn() -> Project) -> Self {
        Self { project, options: &["--profile", "dev"], built: OnceLock::new() }
    }

    /// The image's file.
    pub fn image(&self) -> &Path {
        let (_, image) = self.built.get_or_init(|| {
            let project = (self.project)();
            project.call(&[&["build", "-t", "kvm"], self.options].concat()).ends_with(0);
            let image = project.call(&["query", "image"]).ends_with(0).out;
            (project, PathBuf::from(image.trim()))
        });
        image
    }

    /// The command that boots the image on a machine of this type, without devices but a serial port and one to end by.
    pub fn qemu(&self, machine: &str, memory: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-M", machine, "-m", memory, "-accel", "tcg", "-cpu", "max"]);
        command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"]);
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel"]).arg(self.image());
        command.arg("-append").arg(format!("-- {}", arguments.join(" ")));
        command
    }

    /// The machine's whole life.
    pub fn run(&self, machine: &str, memory: &str, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.qemu(machine, memory, arguments))
    }
}

impl Ended {
    /// That of a command that starts QEMU.
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("QEMU");
        let console = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        let status = match output.status.code() {
            Some(code) if code % 2 == 1 && code > 2 * STATUS => Ok((code - 1) / 2 - STATUS),
            _ => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))),
        };
        Self { status, console }
    }
}
