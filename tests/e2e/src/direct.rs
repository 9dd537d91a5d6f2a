//! Unikernels over our own stack, in a namespace with Linux's at the other end of their taps.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::{Project, Space, Unikernel};

/// How long anything may take before a test gives it up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An image of a project, built once for all tests of a program.
pub struct Direct {
    project: fn() -> Project,
    on: On,
    built: OnceLock<(Project, PathBuf)>,
}

/// What an image runs on.
#[derive(Clone, Copy)]
enum On {
    /// Linux, configured by these keys.
    Linux(&'static [&'static str]),
    /// A virtual machine, which `mirage run` starts with these options.
    Machine(&'static [&'static str]),
}

impl Direct {
    /// Where a unikernel lives that is told its address.
    pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    /// The interfaces of most images: one, on the namespace's tap.
    pub const ONE: [(&'static str, &'static str); 1] = [("", Space::TAP)];

    /// A process over our own stack.
    pub const fn new(project: fn() -> Project) -> Self {
        Self { project, on: On::Linux(&["--net", "direct"]), built: OnceLock::new() }
    }

    /// A process over bare interfaces: it has no stack, and so no key to choose one by.
    pub const fn bare(project: fn() -> Project) -> Self {
        Self { project, on: On::Linux(&[]), built: OnceLock::new() }
    }

    /// A virtual machine, of whatever kind `mirage run` chooses here.
    pub const fn machine(project: fn() -> Project) -> Self {
        Self::machine_by(&[], project)
    }

    /// A virtual machine that `mirage run` starts with these options.
    pub const fn machine_by(options: &'static [&'static str], project: fn() -> Project) -> Self {
        Self { project, on: On::Machine(options), built: OnceLock::new() }
    }

    /// The image's file.
    pub fn image(&self) -> &Path {
        &self.built().1
    }

    /// The project and the image's file.
    fn built(&self) -> &(Project, PathBuf) {
        self.built.get_or_init(|| {
            let project = (self.project)();
            let target: &[&str] = match self.on {
                On::Linux(keys) => &[&["-t", "unix"], keys].concat(),
                On::Machine(_) => &["-t", "kvm"],
            };
            project.call(&[&["build"], target].concat()).ends_with(0);
            let image = project.call(&["query", "image"]).ends_with(0).out;
            (project, PathBuf::from(image.trim()))
        })
    }

    /// The command that runs the image on taps of a namespace, each with the prefix of its interface's arguments, in
    /// config.rs's order.
    pub fn command(&self, space: &Space, taps: &[(&str, &str)], arguments: &[&str]) -> Command {
        let (project, image) = self.built();
        let mut command = match self.on {
            On::Linux(_) => {
                let mut command = space.run(&image.display().to_string());
                command.args(taps.iter().map(|(prefix, tap)| format!("--{prefix}interface={tap}")));
                command
            }
            On::Machine(options) => {
                let names: Vec<&str> = taps.iter().map(|(_, tap)| *tap).collect();
                let mut command = project.command(&["run", "--quiet", "-t", "kvm", "--netns", space.name()]);
                command.args(options);
                command.args(["--network", &format!("tap:{}", names.join(",")), "--"]);
                command
            }
        };
        command.args(arguments);
        command
    }

    /// The image running on taps of a namespace.
    pub fn boot(&self, space: &Space, taps: &[(&str, &str)], arguments: &[&str]) -> Unikernel {
        Unikernel::spawn(&mut self.command(space, taps, arguments))
    }

    /// The image running on the namespace's tap, told that its address is [`ADDRESS`](Self::ADDRESS).
    pub fn boot_static(&self, space: &Space) -> Unikernel {
        self.boot(space, &Self::ONE, &["--ipv4", "10.0.0.2/24", "--ipv4-gateway", "10.0.0.1"])
    }

    /// A connection to a unikernel of this address, from a thread in its namespace.
    pub fn connect(port: u16) -> TcpStream {
        let address = SocketAddr::from((Self::ADDRESS, port));
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
        stream
    }
}
