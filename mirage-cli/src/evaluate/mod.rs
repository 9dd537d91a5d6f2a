//! From config.rs to a graph: compiled and run on this machine, unless nothing it is made of has changed.

mod compile;
mod execute;

use std::fs;
use std::time::Duration;

use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::graph::{self, Graph};
use crate::inputs::{Inputs, dep_info};
use crate::project::{Cache, Project};
use crate::report::Reporter;

/// How config.rs is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How cargo is run.
    pub cargo: Cargo,
    /// How long config.rs may run.
    pub limit: Duration,
    /// Whether what was found out may be kept in the project for the next time.
    pub keep: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cargo: Cargo::default(), limit: Duration::from_secs(60), keep: true }
    }
}

/// What config.rs describes; its `problems` are still in it.
///
/// # Errors
/// When it does not compile, does not end well, or writes something else than a graph.
pub fn evaluate(project: &Project, options: Options, reporter: &Reporter) -> Result<Graph, Error> {
    if let Some(cache) = Cache::load(&project.folder)
        && cache.project.inputs == project.inputs
        && cache.project.config == project.config
        && cache.inputs.unchanged()
    {
        return Ok(cache.graph);
    }
    let step = reporter.step("Compiling", "config.rs");
    let executable = compile::compile(project, options.cargo, reporter, &step)?;
    step.done();
    // Before it runs: a file that is changed meanwhile counts as changed.
    let inputs = fs::read_to_string(executable.with_extension("d")).map(|text| Inputs::of(dep_info(&text)));
    let step = reporter.step("Evaluating", "config.rs");
    let text = execute::execute(project, &executable, options.limit, reporter)?;
    let graph = graph::read(&text).map_err(|error| unreadable(project, &error))?;
    step.done();
    if let (true, true, Ok(inputs)) = (options.keep, graph.problems.is_empty(), inputs) {
        Cache { project: project.clone(), inputs, graph: graph.clone() }.store();
    }
    Ok(graph)
}

fn unreadable(project: &Project, error: &graph::ReadError) -> Error {
    let what = Error::new(Exit::Config, format!("what `{}` wrote is not a graph: {error}", project.config));
    match error {
        graph::ReadError::Schema(_) => {
            let version = project.find_crate("mirage_config").map_or("?", |found| &found.version);
            what.hint(format!(
                "`mirage` is {}, the project's `mirage-config` is {version}: give both one version",
                env!("CARGO_PKG_VERSION")
            ))
        }
        graph::ReadError::Empty | graph::ReadError::Shape(_) => what.hint(
            "`fn main() -> Unikernel` is what writes it: config.rs is to write nothing to `$MIRAGE_GRAPH` itself",
        ),
        graph::ReadError::Wrong(_) => what,
    }
}
