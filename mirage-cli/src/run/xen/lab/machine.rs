//! QEMU with Xen in it, as a child.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use rustix::process::Signal;

use super::qemu::{Boot, command};
use super::session::Session;
use crate::error::{Error, Exit};
use crate::run::folder::Folder;
use crate::run::guard::guarded_by;
use crate::run::process::send;
use crate::run::streams::listen;

/// How long QEMU has to end once it is told to.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked at in the meantime.
const TICK: Duration = Duration::from_millis(10);

/// A machine with Xen; ended when dropped.
pub struct Machine {
    qemu: Child,
    session: Session,
    console: Option<UnixStream>,
    words: Option<JoinHandle<String>>,
    log: Utf8PathBuf,
    _folder: Folder,
}

impl Machine {
    /// Starts one. `mirage` is the tool, by which QEMU ends when we do.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when QEMU cannot be started, [`Exit::CannotWrite`].
    pub fn boot(boot: &Boot, mirage: &Path) -> Result<Self, Error> {
        let folder = Folder::new()?;
        let log = folder.file("log");
        let words = command(boot, &log);
        let failed = |error| Error::new(Exit::Unavailable, format!("QEMU cannot be started: {error}"));
        let (control, its_control) = UnixStream::pair().map_err(failed)?;
        let (console, its_console) = UnixStream::pair().map_err(failed)?;
        let mut command = guarded_by(mirage, &words);
        command.stdin(OwnedFd::from(its_control)).stdout(OwnedFd::from(its_console)).stderr(Stdio::piped());
        // In a group of its own a terminal's Ctrl-C does not reach it.
        let mut qemu = command.process_group(0).spawn().map_err(failed)?;
        let words = qemu.stderr.take().map(|err| thread::spawn(move || listen(err)));
        let session = Session::new(control).map_err(failed)?;
        Ok(Self { qemu, session, console: Some(console), words, log, _folder: folder })
    }

    /// The conversation with its dom0, which answers once it is there.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// A domain's console, where it is that of `/dev/vport0p2` in dom0; taken once.
    pub fn console(&mut self) -> Option<UnixStream> {
        self.console.take()
    }

    /// What Xen and dom0's kernel have said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).replace('\r', "")
    }

    /// Ends it; returns what QEMU has said.
    pub fn end(mut self) -> String {
        self.stop();
        self.words.take().and_then(|words| words.join().ok()).unwrap_or_default()
    }

    fn stop(&mut self) {
        send(&self.qemu, Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while matches!(self.qemu.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(TICK);
        }
        // An error means that it has ended.
        _ = self.qemu.kill();
        _ = self.qemu.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if matches!(self.qemu.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}
