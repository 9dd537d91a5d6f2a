//! Unikernels over our own stack, in a namespace with Linux's at the other end of their tap.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::{Project, Space, Unikernel};

/// How long anything may take before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An image of a project, built once for all tests of a program.
pub struct Direct {
    project: fn() -> Project,
    keys: &'static [&'static str],
    built: OnceLock<(Project, PathBuf)>,
}

impl Direct {
    /// Where a unikernel lives that is told its address.
    pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    /// An image over our own stack.
    pub const fn new(project: fn() -> Project) -> Self {
        Self { project, keys: &["--net", "direct"], built: OnceLock::new() }
    }

    /// An image over bare interfaces: it has no stack, and so no key to choose one by.
    pub const fn bare(project: fn() -> Project) -> Self {
        Self { project, keys: &[], built: OnceLock::new() }
    }

    /// The image's file.
    pub fn image(&self) -> &Path {
        let (_, image) = self.built.get_or_init(|| {
            let project = (self.project)();
            project.call(&[&["build", "-t", "unix"], self.keys].concat()).ends_with(0);
            let image = project.call(&["query", "image"]).ends_with(0).out;
            (project, PathBuf::from(image.trim()))
        });
        image
    }

    /// The image running in a namespace.
    pub fn boot(&self, space: &Space, arguments: &[&str]) -> Unikernel {
        let mut command = space.run(&self.image().display().to_string());
        Unikernel::spawn(command.args(arguments))
    }

    /// The image running on the namespace's tap, told that its address is [`ADDRESS`](Self::ADDRESS).
    pub fn boot_static(&self, space: &Space) -> Unikernel {
        let interface = ["--interface", Space::TAP];
        self.boot(space, &[&interface[..], &["--ipv4", "10.0.0.2/24", "--ipv4-gateway", "10.0.0.1"]].concat())
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
