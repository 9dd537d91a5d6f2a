//! What is said while something is done: on standard error, in plain lines.

/// Says what is being done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reporter {
    silent: bool,
}

impl Reporter {
    /// Says nothing, for tests.
    pub fn silent() -> Self {
        Self { silent: true }
    }

    /// Begins a step: `Compiling config.rs`.
    pub fn step(&self, verb: &str, what: &str) -> Step {
        if !self.silent {
            eprintln!("{verb:>12} {what}");
        }
        Step {}
    }

    /// Something the user should know and may want to change.
    pub fn warn(&self, message: &str) {
        if !self.silent {
            eprintln!("warning: {message}");
        }
    }

    /// Something the user may want to know.
    pub fn note(&self, message: &str) {
        if !self.silent {
            eprintln!("note: {message}");
        }
    }

    /// The output of a tool, as it is.
    pub fn verbatim(&self, text: &str) {
        if !self.silent {
            eprintln!("{text}");
        }
    }

    /// Whether tools are to colour what they say.
    pub fn color(&self) -> bool {
        false
    }
}

/// A step that is being done.
#[derive(Debug)]
pub struct Step {}

impl Step {
    /// What is being done within it right now.
    pub fn line(&self, _line: &str) {}

    /// It is done.
    pub fn done(self) {}
}
