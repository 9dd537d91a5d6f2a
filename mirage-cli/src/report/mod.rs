//! What is said while something is done, and when it fails: all of it on standard error.

mod json;
mod render;
mod step;

pub use step::Step;

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};

use crate::error::Error;

/// The colour of what goes well, of warnings, and of what is beside the point.
const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ASIDE: Style = AnsiColor::Cyan.on_default().bold();

/// How results and errors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Nothing at all, for tests.
    Silent,
    /// Errors and warnings.
    Quiet,
    /// What takes time as well.
    #[default]
    Normal,
    /// What is found out on the way as well.
    Verbose,
}

/// Says what is being done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reporter {
    verbosity: Verbosity,
    format: Format,
}

impl Reporter {
    /// Says as much as this, in this format.
    pub fn new(verbosity: Verbosity, format: Format) -> Self {
        Self { verbosity, format }
    }

    /// Says nothing, for tests.
    pub fn silent() -> Self {
        Self::new(Verbosity::Silent, Format::Human)
    }

    /// How results are to be written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Begins a step: `Compiling`, `config.rs`.
    pub fn step(&self, verb: &'static str, what: &str) -> Step {
        Step::begin(verb, what, self.talks(Verbosity::Normal))
    }

    /// Something that has been done: `Built`, `dist/hello`.
    pub fn done(&self, verb: &str, what: &str) {
        if self.talks(Verbosity::Normal) {
            anstream::eprintln!("{GOOD}{verb:>12}{GOOD:#} {what}");
        }
    }

    /// Something the user should know and may want to change.
    pub fn warn(&self, message: &str) {
        match self.format {
            Format::Json if self.verbosity > Verbosity::Silent => eprintln!("{}", json::message("warning", message)),
            Format::Human if self.verbosity > Verbosity::Silent => {
                anstream::eprintln!("{WARNING}warning{WARNING:#}: {message}");
            }
            _ => {}
        }
    }

    /// Something the user may want to know.
    pub fn note(&self, message: &str) {
        if self.talks(Verbosity::Normal) {
            anstream::eprintln!("{ASIDE}note{ASIDE:#}: {message}");
        }
    }

    /// Something only those want to know who ask for it with `--verbose`.
    pub fn detail(&self, message: &str) {
        if self.talks(Verbosity::Verbose) {
            anstream::eprintln!("{ASIDE}detail{ASIDE:#}: {message}");
        }
    }

    /// The output of a tool, as it is.
    pub fn verbatim(&self, text: &str) {
        if self.talks(Verbosity::Quiet) {
            anstream::eprintln!("{text}");
        }
    }

    /// Whether tools are to colour what they say.
    pub fn color(&self) -> bool {
        self.format == Format::Human && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// What a command fails with, all of it.
    pub fn error(&self, error: &Error) {
        match self.format {
            Format::Json => eprintln!("{}", json::error(error)),
            Format::Human => anstream::eprintln!("{}", render::error(error)),
        }
    }

    fn talks(&self, from: Verbosity) -> bool {
        self.format == Format::Human && self.verbosity >= from
    }
}

/// Whether a person watches what is said.
fn watched() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}
