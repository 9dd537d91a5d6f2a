//! A monitor as a child: what its machine writes goes to standard output, what we read goes to it, a signal to us is a
//! word to the machine that it shall stop, and a second one ends it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_hook::consts::SIGCHLD;
use signal_hook::iterator::Signals;

use super::exits::{Ended, Ours};
use crate::error::{Error, Exit};
use crate::process;
use crate::run::console::Console;
use crate::run::guard::guarded;
use crate::run::process::send;
use crate::run::streams::{hand_in, listen, show};

/// How long a monitor has to end once it is told to.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked at in the meantime.
const TICK: Duration = Duration::from_millis(10);

/// What tells a machine that it shall stop.
pub trait Asked {
    /// Asks it to stop.
    fn stop(&self);

    /// Ends it, if its monitor need not be for that.
    fn end(&self) -> bool {
        false
    }

    /// Takes leave of it when it has ended.
    fn close(self)
    where
        Self: Sized,
    {
    }
}

/// Runs a monitor to its end. `console` makes the console of its machine, in the thread that it lives in.
///
/// # Errors
/// [`Exit::Unavailable`] when it cannot be started, [`Exit::Interrupted`] when a signal was faster.
pub fn supervise<'a>(
    words: &[String],
    control: impl Asked,
    console: impl FnOnce() -> Console<'a> + Send + 'static,
) -> Result<Ended, Error> {
    let name = words.first().map_or("", String::as_str);
    let failed = |error| Error::new(Exit::Unavailable, format!("`{name}` cannot be started: {error}"));
    // Before it starts, so that no end and no signal is missed.
    let mut signals = Signals::new([SIGCHLD].into_iter().chain(process::heeded())).map_err(failed)?;
    process::check()?;
    let mut command = guarded(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // In a group of its own a terminal's Ctrl-C does not reach it.
    let mut child = command.process_group(0).spawn().map_err(failed)?;
    if let Some(input) = child.stdin.take() {
        // It ends with us: nothing wakes it from waiting for what may never come.
        thread::spawn(move || hand_in(input));
    }
    let out = child.stdout.take().map(|out| thread::spawn(move || show(out, console())));
    let err = child.stderr.take().map(|err| thread::spawn(move || listen(err)));
    let ended = wait(&mut child, &mut signals, &control);
    control.close();
    let said = out.and_then(|thread| thread.join().ok()).flatten();
    let words = err.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let (status, ours) = ended.map_err(failed)?;
    Ok(Ended { status, said, words, ours })
}

/// Waits for a child's end; returns its status, and what we had to do with it.
fn wait(child: &mut Child, signals: &mut Signals, control: &impl Asked) -> io::Result<(ExitStatus, Ours)> {
    let mut ours = Ours::Nothing;
    let mut deadline: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, ours));
        }
        let came: Vec<i32> = if deadline.is_some() {
            thread::sleep(TICK);
            signals.pending().collect()
        } else {
            signals.wait().collect()
        };
        for _ in came.into_iter().filter(|signal| *signal != SIGCHLD) {
            match ours {
                Ours::Nothing => {
                    ours = Ours::Asked;
                    control.stop();
                }
                Ours::Asked => {
                    ours = Ours::Ended;
                    deadline = Some(Instant::now() + GRACE);
                    if !control.end() {
                        send(child, Signal::TERM);
                    }
                }
                Ours::Ended => {}
            }
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            send(child, Signal::KILL);
        }
    }
}
