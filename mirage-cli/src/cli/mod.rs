//! The command line: what may be said, and which command it means.

mod arguments;
mod keys;
mod reading;
mod starting;

pub use arguments::{Cli, Color, Command, Fact, Global, Profile, Shell, Subject, TargetChoice, command};
pub use keys::Keys;
pub use starting::{Machine, Network, options};

use std::ffi::OsString;
use std::process::ExitCode;

use crate::commands;
use crate::error::{Error, Exit};
use crate::process;
use crate::report::{Format, Reporter, Verbosity};
use crate::run;

/// Does what the command line says; the status it ends with is one of [`Exit`], 0, or the unikernel's own.
pub fn main(words: Vec<OsString>) -> ExitCode {
    if let Some(status) = run::obey_guard(&words) {
        return status;
    }
    process::catch_interrupts();
    let (cli, keys) = match reading::read(&words) {
        Ok(read) => read,
        Err(reading::Stop::Shown(text)) => {
            anstream::print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(reading::Stop::Refused(refusal)) => {
            anstream::eprint!("{refusal}");
            return ExitCode::from(Exit::Usage as u8);
        }
        Err(reading::Stop::Failed(error)) => return failed(&Reporter::default(), &error),
    };
    let reporter = reporter(&cli.global);
    match commands::run(cli, keys, &reporter) {
        Ok(status) => ExitCode::from(status),
        Err(error) => failed(&reporter, &error),
    }
}

fn failed(reporter: &Reporter, error: &Error) -> ExitCode {
    reporter.error(error);
    ExitCode::from(error.exit as u8)
}

fn reporter(global: &Global) -> Reporter {
    global.color.choose();
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    Reporter::new(verbosity, global.format.unwrap_or(Format::Human))
}
