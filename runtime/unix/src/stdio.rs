//! The console: standard input and output.

use std::convert::Infallible;
use std::io::Write as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::reactor::Direction;
use crate::{Error, Platform};

/// Standard input and output.
///
/// They are shared with other processes, so they are never made non-blocking: a reader of standard output that does
/// not read holds the unikernel up, as it would any program.
#[derive(Clone)]
pub struct Stdio(Platform);

impl Stdio {
    /// The process's own.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self(platform.clone()))
    }
}

impl mirage::Console for Stdio {
    type Error = Error;

    async fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(|error| Error::about(Errno::from_io_error(&error).unwrap_or(Errno::IO), "standard output"))
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut read = || {
            let stdin = rustix::stdio::stdin();
            // Another process may have taken what the event told of; a read would then wait, and all tasks with it.
            let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut waiting, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? {
                0 => Err(Errno::AGAIN),
                _ => rustix::io::read(stdin, &mut *buffer),
            }
        };
        match self.0.stdin() {
            Some(registration) => registration.io(Direction::Read, read).await,
            // A file cannot be waited for, and need not be.
            None => read(),
        }
        .map_err(|errno| Error::about(errno, "standard input"))
    }
}
