//! The unikernel: its name, its jobs, and handing the graph over when config.rs ends.

use std::io::{IsTerminal as _, Write as _};
use std::panic::Location;
use std::process::{ExitCode, Termination};

use mirage::kind;

use crate::catalogue::default_logger;
use crate::graph;
use crate::job::Job;
use crate::node::{Handle, Impl};

/// What config.rs describes; returned from its `main`, also inside a `Result`.
#[must_use = "return it from `main`: that is what hands it over"]
pub struct Unikernel {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) jobs: Vec<Job>,
    pub(crate) logger: Handle,
    pub(crate) declared: &'static Location<'static>,
}

/// Begins the description of a unikernel; its image is called `name`.
#[track_caller]
pub fn unikernel(name: &'static str) -> Unikernel {
    Unikernel { name, about: "", jobs: Vec::new(), logger: default_logger().erase(), declared: Location::caller() }
}

impl Unikernel {
    /// Says what it is for, in one line.
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Adds a job: `job!(knocking::start(console, stack))`. Several run side by side; when all are done, so is the
    /// unikernel, and when one fails, it fails.
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// Has another logger than [`default_logger`] connected before everything else.
    pub fn logger(mut self, logger: Impl<kind::Logger>) -> Self {
        self.logger = logger.erase();
        self
    }

    /// The graph as JSON, with what is wrong with it: what `mirage configure` reads.
    pub fn to_json(&self) -> String {
        graph::json(self)
    }
}

impl Termination for Unikernel {
    fn report(self) -> ExitCode {
        let json = self.to_json();
        let written = match std::env::var_os("MIRAGE_GRAPH") {
            Some(path) => std::fs::write(path, json),
            None if std::io::stdout().is_terminal() => {
                eprintln!("config.rs describes a unikernel; `mirage configure` evaluates it.");
                return ExitCode::SUCCESS;
            }
            None => std::io::stdout().write_all(json.as_bytes()),
        };
        match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the graph cannot be written: {error}");
                ExitCode::FAILURE
            }
        }
    }
}
