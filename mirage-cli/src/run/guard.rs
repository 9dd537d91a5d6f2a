//! A monitor that ends when we do, whatever ends us.
//!
//! Linux sends a process a signal when its parent dies, if the process itself has asked for it (prctl(2),
//! `PR_SET_PDEATHSIG`), and keeps that across execve. So we start ourselves anew, with a word nobody else says, and it is
//! that child which asks, and then becomes the monitor.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// The word.
const WORD: &str = "__monitor";

/// The status of a shell that cannot start a program.
const CANNOT_START: u8 = 127;

/// This command, ended with us.
pub fn guarded(words: &[String]) -> Command {
    guarded_by(Path::new("/proc/self/exe"), words)
}

/// This command, ended with us by the tool, where that is not what runs.
pub fn guarded_by(mirage: &Path, words: &[String]) -> Command {
    let mut command = Command::new(mirage);
    command.arg(WORD).arg(std::process::id().to_string()).args(words);
    command
}

/// Becomes the monitor, if that is what this process was started for; otherwise there is a command line to be read.
pub fn obey(words: &[OsString]) -> Option<ExitCode> {
    let [_, word, parent, program, arguments @ ..] = words else { return None };
    if word != WORD {
        return None;
    }
    let asked = set_parent_process_death_signal(Some(Signal::TERM));
    // Who died before that tells nobody.
    let parent: Option<i32> = parent.to_str().and_then(|parent| parent.parse().ok());
    if asked.is_ok() && getppid().map(|pid| pid.as_raw_nonzero().get()) != parent {
        return Some(ExitCode::from(CANNOT_START));
    }
    let error = Command::new(program).args(arguments).exec();
    eprintln!("`{}` cannot be started: {error}", program.to_string_lossy());
    Some(ExitCode::from(CANNOT_START))
}
