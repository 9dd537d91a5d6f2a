//! What `#[mirage::job]`, `#[mirage::device]` and `#[derive(Args)]` leave behind for config.rs to read.

use core::fmt::Display;

/// A kind of device: what a handle in config.rs is a handle to.
///
/// A kind is an empty enum that implements the device trait of the same name, so that plumbing is type-checked
/// without a device being there. Arguments are their own kind.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a kind of device", label = "not a kind of device")]
pub trait Kind: Sized + 'static {
    /// The trait's name, as in `Console`.
    const NAME: &'static str;
    /// Whether several jobs and devices may use one instance.
    const SHARED: bool = true;
}

/// A job as `#[mirage::job]` described it.
#[diagnostic::on_unimplemented(
    message = "this function is not a job",
    label = "not a job",
    note = "put `#[mirage::job]` on the function in unikernel.rs"
)]
pub trait Job {
    /// Its name, place and parameters.
    const INFO: JobInfo;
}

/// A job's name, place and parameters.
#[derive(Clone, Copy, Debug)]
pub struct JobInfo {
    /// The function's name.
    pub name: &'static str,
    /// The module it is defined in, as `module_path!()` tells it.
    pub module: &'static str,
    /// Its doc comment, lines separated by `\n`; empty if it has none.
    pub doc: &'static str,
    /// The source file, as `file!()` tells it.
    pub file: &'static str,
    /// The line of its name, from 1.
    pub line: u32,
    /// The names of its parameters; `_` for one that is a pattern.
    pub parameters: &'static [&'static str],
}

/// What a job may return: nothing, a `Result` of nothing, or never.
#[diagnostic::on_unimplemented(
    message = "a job returns `()`, `Result<(), E>` with an error that can be displayed, or `!`, not `{Self}`",
    label = "not something a job may return"
)]
pub trait Outcome {
    /// Why the job failed.
    type Error: Display;

    /// The outcome as a `Result`.
    ///
    /// # Errors
    /// The job's own error.
    fn outcome(self) -> Result<(), Self::Error>;
}

impl Outcome for () {
    type Error = core::convert::Infallible;

    fn outcome(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    type Error = E;

    fn outcome(self) -> Self {
        self
    }
}

impl Outcome for core::convert::Infallible {
    type Error = Self;

    fn outcome(self) -> Result<(), Self> {
        match self {}
    }
}

impl<E: Display> Outcome for Result<core::convert::Infallible, E> {
    type Error = E;

    fn outcome(self) -> Result<(), E> {
        self.map(|never| match never {})
    }
}
