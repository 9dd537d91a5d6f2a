//! Running other programs: their output line by line, a time-out, and an end to all they started on Ctrl-C.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Error, Exit};

/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a program has to end by itself once it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// Which of a program's outputs a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Out,
    /// Its standard error.
    Err,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exit(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
}

/// From here on Ctrl-C, SIGTERM and a terminal that is closed do not end `mirage` in the middle of something: [`run`]
/// ends what it runs and says [`Exit::Interrupted`], and so does [`check`]. A second one ends it at once.
pub fn catch_interrupts() {
    let flag = interrupt_flag();
    for signal in heeded() {
        // The order matters: the first signal finds the flag down and raises it, the second finds it up. Where a
        // handler cannot be put the signal keeps its own effect.
        let shutdown =
            signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(flag));
        if let (Ok(shutdown), Ok(mut shutdowns)) = (shutdown, SHUTDOWNS.lock()) {
            shutdowns.push(shutdown);
        }
        _ = signal_hook::flag::register(signal, Arc::clone(flag));
    }
}

/// What ends `mirage` at the second signal.
static SHUTDOWNS: Mutex<Vec<SigId>> = Mutex::new(vec![]);

/// From here on a second signal does not end it at once either: there is something to be undone first.
pub fn outlive_interrupts() {
    if let Ok(mut shutdowns) = SHUTDOWNS.lock() {
        shutdowns.drain(..).for_each(|shutdown| _ = signal_hook::low_level::unregister(shutdown));
    }
}

/// The signals that are to end us: what `nohup`, or a shell for what runs in the background, has said is not to end us,
/// does not.
pub fn heeded() -> impl Iterator<Item = i32> {
    let ignored = *IGNORED.get_or_init(ignored);
    [SIGHUP, SIGINT, SIGTERM].into_iter().filter(move |signal| ignored >> (signal - 1) & 1 == 0)
}

/// What was ignored when we were started: a signal that we catch is not any more.
static IGNORED: OnceLock<u64> = OnceLock::new();

/// The signals that are ignored, as the kernel tells (proc(5), `SigIgn`): signal 1 is the lowest bit.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

fn interrupt_flag() -> &'static Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    FLAG.get_or_init(Arc::default)
}

/// Whether to go on.
///
/// # Errors
/// [`Exit::Interrupted`] after Ctrl-C.
pub fn check() -> Result<(), Error> {
    if interrupt_flag().load(Ordering::Relaxed) { Err(interrupted()) } else { Ok(()) }
}

fn interrupted() -> Error {
    Error::new(Exit::Interrupted, "interrupted")
}

/// Runs a program in a process group of its own, with nothing on its input, and hands on what it says line by line.
///
/// # Errors
/// [`Exit::Unavailable`] when it cannot be started, [`Exit::Interrupted`] on Ctrl-C.
pub fn run(command: &mut Command, limit: Option<Duration>, mut line: impl FnMut(Stream, &str)) -> Result<End, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| cannot_start(&name, &error))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        read_lines(Stream::Out, out, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        read_lines(Stream::Err, err, sender);
    }
    let deadline = limit.map(|limit| Instant::now() + limit);
    let mut gone = false;
    loop {
        if check().is_err() {
            end(&mut child);
            return Err(interrupted());
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            end(&mut child);
            return Ok(End::TimedOut);
        }
        match receiver.recv_timeout(TICK) {
            Ok((stream, text)) => line(stream, &text),
            Err(RecvTimeoutError::Disconnected) => break,
            // What it started may hold its outputs open after it: nobody waits for that.
            Err(RecvTimeoutError::Timeout) if gone => break,
            Err(RecvTimeoutError::Timeout) => gone = matches!(child.try_wait(), Ok(Some(_))),
        }
    }
    // It may have closed its outputs and be running still: the limits hold until it is gone.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(End::Exit(status)),
            Ok(None) if check().is_err() => {
                end(&mut child);
                return Err(interrupted());
            }
            Ok(None) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                end(&mut child);
                return Ok(End::TimedOut);
            }
            Ok(None) => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(cannot_start(&name, &error)),
        }
    }
}

fn cannot_start(name: &str, error: &io::Error) -> Error {
    let what = Error::new(Exit::Unavailable, format!("`{name}` cannot be run: {error}"));
    match error.kind() {
        io::ErrorKind::NotFound => what.hint("`mirage doctor` says what is missing here and how to get it"),
        _ => what,
    }
}

fn read_lines(stream: Stream, from: impl Read + Send + 'static, to: Sender<(Stream, String)>) {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        // A line without an end is cut: what a program says cannot fill the memory.
        while matches!(from.by_ref().take(1 << 22).read_until(b'\n', &mut line), Ok(count) if count > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
            if to.send((stream, text)).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// Ends a program and all it started: first kindly, then not.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(group) = group else { return };
    _ = kill_process_group(group, Signal::TERM); // an error means that it is gone
    let deadline = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    _ = kill_process_group(group, Signal::KILL);
    _ = child.wait();
}
