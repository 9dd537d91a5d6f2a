//! The generated files as a function of the plan: main.rs, its Cargo.toml and the graph. Nothing is written here.

mod layout;
mod main_rs;
mod manifest;
mod paths;

use std::collections::BTreeMap;

use crate::error::Error;
use crate::graph::Graph;
use crate::plan::Plan;
use crate::project::Project;
use crate::target;

/// The generated files, by name.
///
/// # Errors
/// When a crate that main.rs names is not among those the project has, or its workspace's Cargo.toml cannot be read.
pub fn emit(graph: &Graph, plan: &Plan, project: &Project) -> Result<BTreeMap<&'static str, String>, Error> {
    let platform = target::platform(&plan.target)?;
    let graph = serde_json::to_string_pretty(graph).map_err(|error| Error::bug(error.to_string()))?;
    Ok(BTreeMap::from([
        ("main.rs", main_rs::main_rs(plan, &platform)),
        ("Cargo.toml", manifest::manifest(plan, &platform, project)?),
        ("graph.json", graph + "\n"),
    ]))
}
