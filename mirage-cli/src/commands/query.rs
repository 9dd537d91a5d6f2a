//! `mirage query`.

use std::fmt::Write as _;

use super::{print, print_json};
use crate::cli::{Fact, Keys, Subject};
use crate::configure;
use crate::emit;
use crate::error::Error;
use crate::evaluate::evaluate;
use crate::image::Image;
use crate::plan::{Make, Plan};
use crate::project::Project;
use crate::report::{Format, Reporter};
use crate::{graph::Graph, show};

/// Prints one fact.
pub fn query(subject: &Subject, keys: Keys, fact: Fact, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    if fact == Fact::Version {
        return tell(reporter, &project.version);
    }
    let graph = evaluate(&project, subject.evaluation(), reporter)?;
    match fact {
        Fact::Graph => return print_json(&graph),
        Fact::Name => return tell(reporter, &graph.name),
        _ => {}
    }
    let settings = configure::settings(&project, &subject.request(keys, true, true));
    if fact == Fact::Target {
        return tell(reporter, &settings.target);
    }
    let plan = configure::plan(&project, &graph, &settings)?;
    match fact {
        Fact::Plan => print_json(&plan),
        Fact::Image => tell(reporter, Image::new(&project, &plan)?.file.as_str()),
        Fact::Main => tell(reporter, file(&graph, &plan, &project, "main.rs")?.trim_end()),
        Fact::Manifest => tell(reporter, file(&graph, &plan, &project, "Cargo.toml")?.trim_end()),
        Fact::Devices => rows(
            reporter,
            plan.devices
                .iter()
                .map(|device| [device.variable.clone(), device.path.clone(), show::at(&device.declared)]),
        ),
        Fact::Keys => rows(reporter, plan.keys.iter().map(|key| [key.key.clone(), key.value.clone()])),
        Fact::Arguments => rows(reporter, arguments(&plan)),
        Fact::Packages => {
            let names = crates(&file(&graph, &plan, &project, "Cargo.toml")?);
            rows(
                reporter,
                names.into_iter().filter_map(|name| {
                    let found = project.crates.iter().find(|found| found.name == name)?;
                    Some([name, found.version.clone()])
                }),
            )
        }
        Fact::Version | Fact::Graph | Fact::Name | Fact::Target => Ok(()),
    }
}

fn file(graph: &Graph, plan: &Plan, project: &Project, name: &str) -> Result<String, Error> {
    let mut files = emit::emit(graph, plan, project)?;
    files.remove(name).ok_or_else(|| Error::bug(format!("no {name} was generated")))
}

/// The crates a manifest names.
fn crates(manifest: &str) -> Vec<String> {
    let manifest = manifest.parse::<toml_edit::DocumentMut>().unwrap_or_default();
    let names = manifest.get("dependencies").and_then(toml_edit::Item::as_table_like);
    names.map(|table| table.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
}

fn arguments(plan: &Plan) -> impl Iterator<Item = [String; 2]> {
    plan.devices.iter().flat_map(|device| {
        let (prefix, list) = match &device.make {
            Make::Arguments(list) => ("", list.as_slice()),
            Make::Connect { arguments: Some(arguments), .. } => (arguments.prefix.as_str(), arguments.list.as_slice()),
            Make::Connect { arguments: None, .. } => ("", &[][..]),
        };
        list.iter().map(move |argument| {
            let dash = if prefix.is_empty() { "" } else { "-" };
            [format!("--{prefix}{dash}{}", argument.name), argument.doc.clone()]
        })
    })
}

/// One fact: a line, or a JSON string.
fn tell(reporter: &Reporter, fact: &str) -> Result<(), Error> {
    match reporter.format() {
        Format::Human => print(format!("{fact}\n")),
        Format::Json => print_json(&fact),
    }
}

/// Several facts: a line each, its parts between tabs, or a JSON list of lists.
fn rows<const N: usize>(reporter: &Reporter, rows: impl Iterator<Item = [String; N]>) -> Result<(), Error> {
    let rows: Vec<[String; N]> = rows.collect();
    if reporter.format() == Format::Json {
        return print_json(&rows.iter().map(|row| row.as_slice()).collect::<Vec<_>>());
    }
    let mut text = String::new();
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", row.join("\t"));
    }
    print(text)
}
