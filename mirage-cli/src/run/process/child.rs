//! An image as a child: signals go to it, and what it ends with is what `mirage` ends with.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, Exit};
use crate::process;

/// How long a child that Ctrl-C has reached with us has before it is sent the signal once more.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked at in the meantime.
const TICK: Duration = Duration::from_millis(10);

/// Runs a command to its end, and returns the status a shell would give it.
///
/// # Errors
/// [`Exit::Unavailable`] when it cannot be started, [`Exit::Interrupted`] when a signal was faster.
pub fn supervise(command: &mut Command) -> Result<u8, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error| Error::new(Exit::Unavailable, format!("`{name}` cannot be started: {error}"));
    // Before it starts, so that no end and no signal is missed.
    let mut signals = Signals::new([SIGCHLD].into_iter().chain(process::heeded())).map_err(failed)?;
    process::check()?;
    let mut child = command.spawn().map_err(failed)?;
    let mut again: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status_of(status));
        }
        let came: Vec<i32> = if again.is_some() {
            thread::sleep(TICK);
            signals.pending().collect()
        } else {
            signals.wait().collect()
        };
        for signal in came {
            match signal {
                // A terminal has sent it to the child as well, to which a second one means: at once.
                SIGINT if of_the_terminal() => again = again.or(Some(Instant::now() + GRACE)),
                SIGINT => send(&child, Signal::INT),
                SIGHUP | SIGTERM => send(&child, Signal::TERM),
                _ => {} // SIGCHLD: see above.
            }
        }
        if again.is_some_and(|again| Instant::now() >= again) {
            again = None;
            send(&child, Signal::INT);
        }
    }
}

/// Whether we are what a terminal's Ctrl-C goes to, our child with us.
fn of_the_terminal() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}

/// Sends a signal to a child.
pub fn send(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        _ = kill_process(pid, signal); // an error means that it has ended, which is seen next
    }
}

/// The status a shell would give it: 128 and the signal if it was ended by one.
pub fn status_of(status: ExitStatus) -> u8 {
    let status = status.code().or(status.signal().map(|signal| 128 + signal));
    status.and_then(|status| u8::try_from(status).ok()).unwrap_or(u8::MAX)
}
