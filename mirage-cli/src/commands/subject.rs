//! The project a command is about, and what is chosen for it.

use crate::cargo::Cargo;
use crate::cli::{Keys, Subject};
use crate::configure::Request;
use crate::error::Error;
use crate::evaluate::Options;
use crate::project::{self, Project};
use crate::report::Reporter;

impl Subject {
    /// How cargo is run.
    pub fn cargo(&self) -> Cargo {
        Cargo { offline: self.offline, locked: self.locked }
    }

    /// How config.rs is evaluated.
    pub fn evaluation(&self) -> Options {
        let options = Options { cargo: self.cargo(), ..Options::default() };
        Options { limit: self.timeout.unwrap_or(options.limit), ..options }
    }

    /// The project.
    pub fn project(&self, reporter: &Reporter) -> Result<Project, Error> {
        project::find(self.config.as_deref(), self.cargo(), reporter)
    }

    /// What is chosen; with `remember`, what was chosen before stands where nothing is said now.
    pub fn request(&self, keys: Keys, remember: bool, dry_run: bool) -> Request {
        Request { target: self.target.name(), keys, remember, dry_run }
    }
}
