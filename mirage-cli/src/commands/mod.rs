//! The commands, one file each: what the command line says, handed to the engine, and what comes back, shown.

mod build;
mod clean;
mod completions;
mod configure;
mod depend;
mod describe;
mod doctor;
mod man;
mod new;
mod query;
mod run;
mod subject;

use crate::cli::{self, Cli, Command, Keys};
use crate::error::{Error, Exit};
use crate::report::{Format, Reporter};

/// Carries a command out; returns the status to end with, which is the unikernel's if one ran.
///
/// # Errors
/// The command's own.
pub fn run(cli: Cli, keys: Keys, reporter: &Reporter) -> Result<u8, Error> {
    let dry_run = cli.global.dry_run;
    let done = match cli.command {
        Command::New { list: true, .. } => new::list(reporter),
        Command::New { name, template, runtime, .. } => {
            new::new(&name.unwrap_or_default(), &template, runtime.as_deref(), dry_run, reporter)
        }
        Command::Configure { subject } => configure::configure(&subject, keys, dry_run, reporter),
        Command::Depend { subject } => depend::depend(&subject, dry_run, reporter),
        Command::Build { subject, profile } => build::build(&subject, keys, &profile.name(), dry_run, reporter),
        Command::Run { subject, profile, network, machine, arguments } => {
            let options = cli::options(network, machine);
            return run::run(&subject, keys, &profile.name(), &options, &arguments, dry_run, reporter);
        }
        Command::Describe { subject, dot, svg, json } => {
            let form = match (dot, svg, json || reporter.format() == Format::Json) {
                (true, _, _) => describe::Form::Dot,
                (_, true, _) => describe::Form::Svg,
                (_, _, true) => describe::Form::Json,
                _ => describe::Form::Tree,
            };
            describe::describe(&subject, keys, form, reporter)
        }
        Command::Query { fact, subject } => query::query(&subject, keys, fact, reporter),
        Command::Clean { subject } => clean::clean(&subject, dry_run, reporter),
        Command::Doctor { target } => doctor::doctor(target.name().as_deref(), reporter),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { dir } => man::man(dir.as_deref(), dry_run, reporter),
    };
    done.map(|()| 0)
}

/// Writes data to standard output; whoever reads it may have had enough.
fn print(text: impl AsRef<[u8]>) -> Result<(), Error> {
    use std::io::{ErrorKind, Write as _};
    let mut out = anstream::stdout();
    let written = out.write_all(text.as_ref()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::new(Exit::CannotWrite, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a value as one line of JSON to standard output.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::bug(format!("a result is no JSON: {error}")))?;
    print(text + "\n")
}
