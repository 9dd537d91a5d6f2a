//! `mirage configure`, the first half of the way: from config.rs to the files in `mirage/`.

mod lock;
mod write;

pub use write::Kept;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use crate::emit;
use crate::error::{Error, Exit};
use crate::evaluate::{self, evaluate};
use crate::graph::{Graph, Problem};
use crate::plan::{Plan, Settings, resolve};
use crate::project::Project;
use crate::report::Reporter;
use crate::state::State;
use crate::target;

/// What the user chose on this command line.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The target, if one was given.
    pub target: Option<String>,
    /// The keys given, with their values; a flag's are `true` and `false`.
    pub keys: BTreeMap<String, String>,
    /// Whether what was chosen before stands where nothing is given: `build` and `run` keep it, `configure` does not.
    pub remember: bool,
    /// Whether to say what would be written, and write nothing.
    pub dry_run: bool,
}

/// A configured project.
#[derive(Clone, Debug)]
pub struct Configured {
    /// What config.rs describes.
    pub graph: Graph,
    /// What became of it for the target and the keys.
    pub plan: Plan,
    /// What was chosen.
    pub settings: Settings,
    /// The files that were written, or would be.
    pub written: Vec<Utf8PathBuf>,
    /// Those that were changed by hand and kept under another name.
    pub kept: Vec<Kept>,
}

/// What the settings are: what is given now, and what was before if that is to be remembered.
pub fn settings(project: &Project, request: &Request) -> Settings {
    let before = State::load(&project.folder).filter(|_| request.remember).map(|state| state.settings);
    let mut settings = before.unwrap_or_else(|| Settings { target: target::DEFAULT.into(), keys: BTreeMap::new() });
    settings.target = request.target.clone().unwrap_or(settings.target);
    settings.keys.extend(request.keys.clone());
    settings
}

/// The plan for these settings, without writing anything.
///
/// # Errors
/// Everything that stands in its way.
pub fn plan(project: &Project, graph: &Graph, settings: &Settings) -> Result<Plan, Error> {
    resolve(graph, settings, &project.libraries()).map_err(|problems| problems_error(project, &problems))
}

/// Evaluates config.rs, plans for what was chosen, and writes what is not there yet: all of it or nothing.
///
/// # Errors
/// Whatever a step says.
pub fn configure(
    project: &Project,
    request: &Request,
    options: evaluate::Options,
    reporter: &Reporter,
) -> Result<Configured, Error> {
    let options = evaluate::Options { keep: options.keep && !request.dry_run, ..options };
    let graph = evaluate(project, options, reporter)?;
    let settings = settings(project, request);
    let plan = plan(project, &graph, &settings)?;
    let files = emit::emit(&graph, &plan, project)?;
    let outcome = write::write(project, &settings, &files, options.cargo, request.dry_run, reporter)?;
    Ok(Configured { graph, plan, settings, written: outcome.written, kept: outcome.kept })
}

/// The problems as one error: the first, and the others with it.
pub fn problems_error(project: &Project, problems: &[Problem]) -> Error {
    let mut errors = problems.iter().map(|problem| {
        let error = Error::new(Exit::Config, &problem.message);
        let error = problem
            .places
            .iter()
            .fold(error, |error, place| error.place(project.folder.join(&place.at.file), place.at.line, &place.label));
        if problem.hint.is_empty() { error } else { error.hint(&problem.hint) }
    });
    let first = errors.next().unwrap_or_else(|| Error::bug("nothing is wrong, and yet there is no plan"));
    errors.fold(first, Error::and)
}
