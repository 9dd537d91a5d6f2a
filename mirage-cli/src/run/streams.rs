//! What goes through between us and a machine: what it writes, what it is given to read, what is said about it.

use std::io::{self, IsTerminal as _, Read, Write};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;

use super::console::Console;

/// How long a line that may be about to be said is waited for.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// How often we look whether the terminal is ours again.
const TURN: Duration = Duration::from_millis(250);
/// How much of a monitor's words is kept.
const WORDS: u64 = 1 << 16;

/// Shows what a machine writes; returns the status that its image said last.
pub fn show(mut from: impl Read + AsFd, mut console: Console<'_>) -> Option<u8> {
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
pub fn listen(mut from: impl Read) -> String {
    let mut words = vec![];
    _ = from.by_ref().take(WORDS).read_to_end(&mut words);
    // What comes then is nobody's, but a pipe that nobody reads would stop it.
    _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&words).into_owned()
}

/// Hands what we read to the machine, for as long as the terminal is ours if it is one.
pub fn hand_in(mut to: impl Write) {
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
