//! Reading the command line, in two steps where config.rs has a say in it.
//!
//! Which options there are depends on config.rs, and which config.rs it is depends on the command line. So it is first
//! read without keys; only if that fails, or asks for help, is config.rs evaluated, and then it is read again.

use std::ffi::OsString;

use camino::{Utf8Path, Utf8PathBuf};
use clap::FromArgMatches as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::keys::{self, Keys};
use super::{Cli, command};
use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::evaluate::{Options, evaluate};
use crate::graph::Graph;
use crate::project;
use crate::report::{Format, Reporter, Verbosity};

/// Why there is no command to carry out.
pub enum Stop {
    /// Help or the version was asked for.
    Shown(String),
    /// The command line cannot be taken.
    Refused(String),
    /// config.rs was needed to read it, and failed.
    Failed(Error),
}

/// The commands that take keys.
const WITH_KEYS: [&str; 6] = ["build", "configure", "depend", "describe", "query", "run"];

/// Reads a command line.
pub fn read(words: &[OsString]) -> Result<(Cli, Keys), Stop> {
    let refusal = match command().try_get_matches_from(words) {
        Ok(matches) => return Ok((from(&matches)?, Keys::new())),
        Err(refusal) => refusal,
    };
    // Colour is chosen before anything is shown, and by a line that may not be readable yet.
    early_color(words);
    let texts: Vec<&str> = words.iter().map_while(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let subcommand = texts.iter().skip(1).find(|word| WITH_KEYS.contains(word)).copied();
    let concerns_keys = matches!(refusal.kind(), ErrorKind::UnknownArgument | ErrorKind::DisplayHelp);
    let Some(subcommand) = subcommand.filter(|_| concerns_keys) else { return Err(stop(&refusal)) };
    let asks_for_help = refusal.kind() == ErrorKind::DisplayHelp;
    let graph = match graph(&texts, subcommand) {
        Ok(graph) => graph,
        Err(error) if asks_for_help => {
            let why = if error.exit == Exit::NoProject { "there is no project here" } else { &error.message };
            let keys = format!("\nKeys of config.rs are options here as well; they are not shown, since {why}.\n");
            return Err(Stop::Shown(refusal.render().ansi().to_string() + &keys));
        }
        // Without a project there are no keys, and the word is simply wrong.
        Err(error) if error.exit == Exit::NoProject => return Err(stop(&refusal)),
        Err(error) => return Err(Stop::Failed(error)),
    };
    let mut with_keys = command();
    with_keys = with_keys.mut_subcommand(subcommand, |command| keys::add(command, &graph));
    let matches = with_keys.try_get_matches_from(words).map_err(|refusal| match (refusal.kind(), subcommand) {
        (ErrorKind::UnknownArgument, "run") => stop(&refusal),
        (ErrorKind::UnknownArgument, _) => unknown_key(refusal, &graph),
        (ErrorKind::InvalidValue, "run") => not_a_network(&refusal),
        _ => stop(&refusal),
    })?;
    let keys = matches.subcommand().map(|(_, matches)| keys::given(matches, &graph)).unwrap_or_default();
    Ok((from(&matches)?, keys))
}

fn from(matches: &clap::ArgMatches) -> Result<Cli, Stop> {
    Cli::from_arg_matches(matches).map_err(|refusal| stop(&refusal))
}

fn stop(refusal: &clap::Error) -> Stop {
    let text = refusal.render().ansi().to_string();
    if refusal.use_stderr() { Stop::Refused(text) } else { Stop::Shown(text) }
}

/// An option that is neither ours nor a key: with no name near it, which keys there are is what helps. (`run` takes the
/// unikernel's arguments after `--`, and clap says so.)
fn unknown_key(mut refusal: clap::Error, graph: &Graph) -> Stop {
    if refusal.get(ContextKind::SuggestedArg).is_some() {
        return stop(&refusal);
    }
    refusal.remove(ContextKind::Suggested);
    let keys: Vec<String> =
        graph.keys.iter().filter(|key| key.name != "target").map(|key| format!("`--{}`", key.name)).collect();
    let hint = match keys.as_slice() {
        [] => "this config.rs has no keys".to_owned(),
        [one] => format!("the key of this config.rs is {one}"),
        many => format!("the keys of this config.rs are {}", many.join(", ")),
    };
    Stop::Refused(format!("{}\nhint: {hint}\n", refusal.render().ansi().to_string().trim_end()))
}

/// A value that a key does not take: what a machine's interfaces are connected to is no key's, for all its name.
fn not_a_network(refusal: &clap::Error) -> Stop {
    let text = |kind| match refusal.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let value = text(ContextKind::InvalidValue);
    if text(ContextKind::InvalidArg).starts_with("--net ") && (value == "user" || value.starts_with("tap")) {
        let said = refusal.render().ansi().to_string();
        let hint = format!("`--net` chooses a device of config.rs; a machine is connected by `--network {value}`");
        return Stop::Refused(format!("{}\nhint: {hint}\n", said.trim_end()));
    }
    stop(refusal)
}

/// The graph of the config.rs that is most likely meant: the first word that is a project, or what is here.
fn graph(texts: &[&str], subcommand: &str) -> Result<Graph, Error> {
    let has = |option: &str| texts.contains(&option);
    let cargo = Cargo { offline: has("--offline"), locked: has("--locked") };
    let verbosity = if has("--quiet") || has("-q") { Verbosity::Quiet } else { Verbosity::Normal };
    let json = texts.windows(2).any(|two| two == ["--format", "json"]) || has("--format=json");
    let reporter = Reporter::new(verbosity, if json { Format::Json } else { Format::Human });
    let after = texts.iter().skip_while(|word| **word != subcommand).skip(1);
    let mut paths = after.filter(|word| !word.starts_with('-')).map(Utf8PathBuf::from);
    let given = paths.find(|path| is_project(path));
    let project = project::find(given.as_deref(), cargo, &reporter)?;
    let options = Options { cargo, keep: !has("--dry-run"), ..Options::default() };
    let graph = evaluate(&project, options, &reporter)?;
    if graph.problems.is_empty() { Ok(graph) } else { Err(crate::configure::problems_error(&project, &graph.problems)) }
}

fn is_project(path: &Utf8Path) -> bool {
    path.join("config.rs").is_file() || (path.extension() == Some("rs") && path.is_file())
}

fn early_color(words: &[OsString]) {
    let follows = |when: &str| {
        words.windows(2).any(|two| two[0] == "--color" && two[1] == when)
            || words.iter().any(|word| word.to_str() == Some(&format!("--color={when}")))
    };
    if follows("always") {
        super::Color::Always.choose();
    } else if follows("never") {
        super::Color::Never.choose();
    }
}
