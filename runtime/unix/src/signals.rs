//! SIGINT and SIGTERM: the first asks for a clean stop, the second ends the process at once.

use std::future::poll_fn;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::reactor::{Direction, Reactor, Registration};

/// The signals that stop a unikernel.
pub struct Signals {
    received: UnixStream,
    registration: Registration,
}

impl Signals {
    /// Takes the signals over from the kernel's defaults.
    pub fn new(reactor: &Reactor) -> io::Result<Self> {
        let (received, sent) = UnixStream::pair()?;
        received.set_nonblocking(true)?;
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal only sets the flag, the second finds it set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
            low_level::pipe::register(signal, sent.try_clone()?)?;
        }
        let registration = reactor.register(&received)?;
        Ok(Self { received, registration })
    }

    /// Waits for the first signal.
    pub async fn stop(&self) {
        let read = || match (&self.received).read(&mut [0; 16]) {
            Ok(_) => Ok(()),
            Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        };
        // A pipe that fails can bring no signal, and then none is waited for.
        if poll_fn(|context| self.registration.poll_io(Direction::Read, context, read)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
