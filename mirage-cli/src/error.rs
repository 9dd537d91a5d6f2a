//! What a command ends with when it does not end well, and what the shell is told.

use std::fmt;

use camino::Utf8PathBuf;

/// The exit status of `mirage`; each means one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line is wrong.
    Usage = 64,
    /// config.rs or Cargo.toml is wrong, or asks for what cannot be had.
    Config = 65,
    /// There is no project there.
    NoProject = 66,
    /// This machine lacks something: a tool, the network.
    Unavailable = 69,
    /// A bug in `mirage`.
    Bug = 70,
    /// A file cannot be written.
    CannotWrite = 73,
    /// The application or the generated code does not compile.
    Compile = 76,
    /// Ctrl-C, SIGTERM, or a terminal that is closed.
    Interrupted = 130,
}

/// Why a command failed: said once, at the end, with the places it concerns and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the shell is told.
    pub exit: Exit,
    /// What is wrong, one fragment in lower case.
    pub message: String,
    /// The places it concerns.
    pub places: Vec<Place>,
    /// The output of a tool, verbatim.
    pub detail: Option<String>,
    /// What to do about it.
    pub hints: Vec<String>,
    /// What else is wrong, when several things were found at once.
    pub more: Vec<Self>,
}

/// A line of a file an error concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, from the root.
    pub file: Utf8PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// What is there; may be empty.
    pub label: String,
}

impl Error {
    /// An error that only says what is wrong.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), places: vec![], detail: None, hints: vec![], more: vec![] }
    }

    /// A bug in `mirage` itself.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Exit::Bug, message)
    }

    /// With a place it concerns.
    pub fn place(mut self, file: impl Into<Utf8PathBuf>, line: u32, label: impl Into<String>) -> Self {
        self.places.push(Place { file: file.into(), line, label: label.into() });
        self
    }

    /// With the output of a tool.
    pub fn detail(mut self, output: impl Into<String>) -> Self {
        self.detail = Some(output.into());
        self
    }

    /// With what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With something else that is wrong.
    pub fn and(mut self, other: Self) -> Self {
        self.more.push(other);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
