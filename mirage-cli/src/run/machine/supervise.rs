//! A monitor as a child: what its machine writes goes to standard output, what we read goes to it, a signal to us is a
//! word to the machine that it shall stop, and a second one ends it.

use std::io::{self, IsTerminal as _, Read, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::SIGCHLD;
use signal_hook::iterator::Signals;

use super::console::Console;
use super::control::Control;
use super::exits::{Ended, Ours};
use super::guard::guarded;
use crate::error::{Error, Exit};
use crate::process;
use crate::run::process::send;

/// How long a monitor has to end once it is told to.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked at in the meantime.
const TICK: Duration = Duration::from_millis(10);
/// How long a line that may be about to be said is waited for.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// How often we look whether the terminal is ours again.
const TURN: Duration = Duration::from_millis(250);
/// How much of a monitor's words is kept.
const WORDS: u64 = 1 << 16;

/// Runs a monitor to its end. `console` makes the console of its machine, in the thread that it lives in.
///
/// # Errors
/// [`Exit::Unavailable`] when it cannot be started, [`Exit::Interrupted`] when a signal was faster.
pub fn supervise<'a>(
    words: &[String],
    control: Control,
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
fn wait(child: &mut Child, signals: &mut Signals, control: &Control) -> io::Result<(ExitStatus, Ours)> {
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
                Ours::Nothing if control.is_heard() => {
                    ours = Ours::Asked;
                    control.stop();
                }
                Ours::Nothing | Ours::Asked => {
                    ours = Ours::Ended;
                    deadline = Some(Instant::now() + GRACE);
                    send(child, Signal::TERM);
                }
                Ours::Ended => {}
            }
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            send(child, Signal::KILL);
        }
    }
}

/// Shows what a machine writes; returns the status that its image said last.
fn show(mut from: ChildStdout, mut console: Console<'_>) -> Option<u8> {
    let mut to = io::stdout();
    let mut buffer = [0; 1 << 13];
    let mut out = vec![];
    let mut heard = true;
    loop {
        let pause = console.holds().then_some(&PAUSE);
        let paused = matches!(poll(&mut [PollFd::new(&from, PollFlags::IN)], pause), Ok(0));
        let count = if paused {
            console.pause(&mut out);
            None
        } else {
            match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(count) if count > 0 => Some(count),
                _ => break,
            }
        };
        if let Some(bytes) = count.and_then(|count| buffer.get(..count)) {
            console.push(bytes, &mut out);
        }
        // Where nobody listens any more there is nobody to run for: that is a signal like the others.
        if heard && to.write_all(&out).and_then(|()| to.flush()).is_err() {
            heard = false;
            _ = kill_process(getpid(), Signal::TERM);
        }
        out.clear();
    }
    let status = console.end(&mut out);
    if heard {
        _ = to.write_all(&out).and_then(|()| to.flush());
    }
    status
}

/// What a monitor says besides, up to some length.
fn listen(mut from: ChildStderr) -> String {
    let mut words = vec![];
    _ = from.by_ref().take(WORDS).read_to_end(&mut words);
    // What comes then is nobody's, but a pipe that nobody reads would stop it.
    _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&words).into_owned()
}

/// Hands what we read to the machine, for as long as the terminal is ours if it is one.
fn hand_in(mut to: ChildStdin) {
    let from = io::stdin();
    let of_a_terminal = from.is_terminal();
    let background = || of_a_terminal && !tcgetpgrp(from.as_fd()).is_ok_and(|group| group == getpgrp());
    let mut buffer = [0; 1 << 12];
    loop {
        // Who reads from a terminal in the background is stopped.
        _ = poll(&mut [PollFd::new(&from, PollFlags::IN)], None);
        if background() {
            thread::sleep(TURN);
            continue;
        }
        match from.lock().read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(count @ 1..) => {
                let written = buffer.get(..count).map(|bytes| to.write_all(bytes).and_then(|()| to.flush()));
                if !matches!(written, Some(Ok(()))) {
                    return;
                }
            }
            _ => return,
        }
    }
}
