//! Images on machines of QEMU's, by `mirage run` and without it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::{Project, skip};

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

    fn built(&self) -> &(Project, PathBuf) {
        self.built.get_or_init(|| {
            let project = (self.project)();
            project.call(&[&["build", "-t", "kvm"], self.options].concat()).ends_with(0);
            let image = project.call(&["query", "image"]).ends_with(0).out;
            (project, PathBuf::from(image.trim()))
        })
    }

    /// The image's file.
    pub fn image(&self) -> &Path {
        &self.built().1
    }

    /// The command by which `mirage run` boots it, with these options of its and these arguments of the unikernel's.
    pub fn mirage(&self, options: &[&str], arguments: &[&str]) -> Command {
        let run = [&["run", "--quiet", "-t", "kvm"], self.options, options, &["--"], arguments];
        self.built().0.command(&run.concat())
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

/// Who may execute a machine's instructions here: QEMU's emulator, and KVM where it makes machines; where it does not,
/// a line says why.
pub fn accelerators() -> &'static [&'static str] {
    static USABLE: OnceLock<Result<(), String>> = OnceLock::new();
    match USABLE.get_or_init(kvm) {
        Ok(()) => &["tcg", "kvm"],
        Err(why) => {
            skip("machines on KVM", why);
            &["tcg"]
        }
    }
}

/// Has KVM make a machine, which does nothing.
fn kvm() -> Result<(), String> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
    opened.map_err(|error| format!("/dev/kvm: {error}"))?;
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-M", "microvm", "-accel", "kvm", "-cpu", "host,arch-capabilities=off", "-m", "32M", "-S"]);
    qemu.args(["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "stdio"]);
    let said = |error| format!("QEMU: {error}");
    let mut child = qemu.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(said)?;
    // One that has failed reads nothing.
    let _ = child.stdin.take().map(|mut monitor| monitor.write_all(b"quit\n"));
    let output = child.wait_with_output().map_err(said)?;
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("/dev/kvm makes no machine: {}", words.trim())) }
}

impl Ended {
    /// That of a command that starts QEMU.
    pub fn of(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::after(command.spawn().expect("QEMU"))
    }

    /// That of QEMU as it runs, and what is yet to be read of its console.
    pub fn after(qemu: Child) -> Self {
        let output = qemu.wait_with_output().expect("its end");
        let console = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        let status = match output.status.code() {
            Some(code) if code % 2 == 1 && code > 2 * STATUS => Ok((code - 1) / 2 - STATUS),
            _ => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))),
        };
        Self { status, console }
    }
}
