//! The generated Cargo.toml: a package of its own, with every crate main.rs names from exactly where the project has it.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::paths::{seen_from, tidy};
use crate::error::{Error, Exit};
use crate::plan::{Make, Plan};
use crate::project::{Crate, Project};
use crate::target::{Link, Platform};

/// The text of Cargo.toml.
///
/// # Errors
/// When a crate that main.rs names is not among those the project has, or its workspace's Cargo.toml cannot be read.
pub fn manifest(plan: &Plan, platform: &Platform, project: &Project) -> Result<String, Error> {
    let root = project.workspace.join("Cargo.toml");
    let theirs = fs::read_to_string(&root)
        .map_err(|error| error.to_string())
        .and_then(|text| text.parse::<DocumentMut>().map_err(|error| error.to_string()));
    let theirs = theirs.map_err(|error| Error::new(Exit::NoProject, format!("`{root}` cannot be read: {error}")))?;

    let mut ours = DocumentMut::new();
    ours.decor_mut().set_prefix(
        "# Written by `mirage configure` from config.rs: the package main.rs is compiled in.\n\
         # The crates are those of the project's own Cargo.lock; [profile] and [patch] are its workspace's.\n\n",
    );
    ours["package"] = Item::Table(package(plan, project));
    ours["bin"] = Item::ArrayOfTables([bin(plan)].into_iter().collect());
    ours["dependencies"] = Item::Table(dependencies(plan, platform, project)?);
    let profiles = profiles(theirs.get("profile"), platform);
    ours["profile"] = Item::Table(profiles);
    if let Some(patch) = patch(theirs.get("patch"), project) {
        ours["patch"] = patch;
    }
    let mut workspace = Table::new();
    workspace.decor_mut().set_prefix(
        "\n# Apart from the project's own workspace: what is built for an image is not built for its tests.\n",
    );
    ours["workspace"] = Item::Table(workspace);
    Ok(ours.to_string())
}

fn package(plan: &Plan, project: &Project) -> Table {
    // Cargo.lock tells packages apart by name: not one that is there.
    let mut name = format!("{}-{}", plan.name, plan.target);
    while project.crates.iter().any(|there| there.name == name) {
        name += "-image";
    }
    let mut table = Table::new();
    table["name"] = value(name);
    table["version"] = value(&project.version);
    table["edition"] = value("2024");
    table["publish"] = value(false);
    table
}

fn bin(plan: &Plan) -> Table {
    let mut table = Table::new();
    table["name"] = value(&plan.name);
    table["path"] = value("main.rs");
    table
}

fn dependencies(plan: &Plan, platform: &Platform, project: &Project) -> Result<Table, Error> {
    let mut table = Table::new();
    let mut rows = BTreeMap::new();
    for (library, wanted) in libraries(plan, platform) {
        let found = project.find_crate(library).ok_or_else(|| missing(library, wanted, project))?;
        let (key, row) = dependency(library, found, project)?;
        rows.insert(key, row);
    }
    for (key, row) in rows {
        table[&key] = value(row);
    }
    Ok(table)
}

/// The crates main.rs names, by what it names them for.
fn libraries<'p>(plan: &'p Plan, platform: &'p Platform) -> BTreeMap<&'p str, Wanted<'p>> {
    fn library(path: &str) -> &str {
        path.split("::").next().unwrap_or(path)
    }
    let mut libraries = BTreeMap::from([("mirage", Wanted::Always), (platform.library, Wanted::Always)]);
    for device in &plan.devices {
        let by = Wanted::By(&device.variable, &device.declared);
        libraries.entry(library(&device.path)).or_insert(by);
        if let Make::Connect { arguments, needs, .. } = &device.make {
            arguments.iter().for_each(|arguments| _ = libraries.entry(library(&arguments.path)).or_insert(by));
            needs.iter().for_each(|need| _ = libraries.entry(need).or_insert(by));
        }
    }
    for job in &plan.jobs {
        libraries.entry(library(&job.path)).or_insert(Wanted::By(&job.path, &job.declared));
    }
    libraries
}

#[derive(Clone, Copy)]
enum Wanted<'p> {
    Always,
    By(&'p str, &'p crate::graph::Location),
}

fn missing(library: &str, wanted: Wanted<'_>, project: &Project) -> Error {
    let error = match wanted {
        Wanted::Always => {
            Error::new(Exit::Config, format!("crate `{library}` is not among the project's dependencies"))
        }
        Wanted::By(who, at) => Error::new(
            Exit::Config,
            format!("`{who}` is from crate `{library}`, which is not among the project's dependencies"),
        )
        .place(project.folder.join(&at.file), at.line, format!("{who} is declared here")),
    };
    error.hint(format!("add it to `{}`", project.folder.join("Cargo.toml")))
}

/// A crate's entry: where the project has it from, and at no other version.
fn dependency(library: &str, found: &Crate, project: &Project) -> Result<(String, InlineTable), Error> {
    let mut row = InlineTable::new();
    // A crate is seen by its library's name unless it is given another.
    let key = if library == found.library { found.name.clone() } else { library.to_owned() };
    if key != found.name {
        row.insert("package", Value::from(&found.name));
    }
    let exactly = || Value::from(format!("={}", found.version));
    match found.source.as_deref() {
        None => {
            let path = seen_from(&project.generated(), &found.folder, &project.workspace);
            row.insert("path", Value::from(path.as_str()));
        }
        Some("registry+https://github.com/rust-lang/crates.io-index") => _ = row.insert("version", exactly()),
        Some(source) => match source.split_once('+') {
            Some(("registry", index)) => {
                row.insert("version", exactly());
                row.insert("registry-index", Value::from(index));
            }
            Some(("sparse", _)) => {
                row.insert("version", exactly());
                row.insert("registry-index", Value::from(source));
            }
            Some(("git", place)) => git(place, &mut row),
            _ => {
                return Err(Error::bug(format!(
                    "crate `{}` is from `{source}`, which is no source known here",
                    found.name
                )));
            }
        },
    }
    Ok((key, row))
}

/// `https://…?branch=main#abc`: the same words as the project's, so that it is the same source; its lock says which commit.
fn git(place: &str, row: &mut InlineTable) {
    let place = place.split('#').next().unwrap_or(place);
    let (address, query) = place.split_once('?').unwrap_or((place, ""));
    row.insert("git", Value::from(address));
    for (name, chosen) in query.split('&').filter_map(|word| word.split_once('=')) {
        row.insert(name, Value::from(chosen.replace("%2F", "/").replace("%2f", "/")));
    }
}

/// The workspace's profiles, and on top what makes panics end an image, and an image for a machine small.
fn profiles(theirs: Option<&Item>, platform: &Platform) -> Table {
    let mut profiles = theirs.and_then(Item::as_table_like).map(copy).unwrap_or_default();
    profiles.set_implicit(true);
    let profile = |name: &str| profiles.get(name).and_then(Item::as_table_like).map(copy).unwrap_or_default();
    let (mut dev, mut release) = (profile("dev"), profile("release"));
    dev["panic"] = value("abort");
    // An executable for a host is a process among others, whose size hardly counts, and optimising its crates together would
    // make every build of it five times as long. A machine's image is to be small, unless the project wants it otherwise;
    // at "z" it takes an eighth more instructions to answer a request.
    let small = platform.link != Link::Host && !release.contains_key("opt-level");
    let defaults = [
        ("codegen-units", value(1)),
        ("debug", value("line-tables-only")),
        ("lto", value(if small { "fat" } else { "off" })),
    ];
    for (key, default) in defaults.into_iter().chain(small.then(|| ("opt-level", value("s")))) {
        if !release.contains_key(key) {
            release[key] = default;
        }
    }
    release["panic"] = value("abort");
    release["strip"] = value("none"); // what is stripped from the image goes into its .debug
    profiles.insert("dev", Item::Table(dev));
    profiles.insert("release", Item::Table(release));
    profiles
}

/// The workspace's patches, their paths as seen from here.
fn patch(theirs: Option<&Item>, project: &Project) -> Option<Item> {
    let mut registries = copy(theirs?.as_table_like()?);
    registries.set_implicit(true);
    for (_, crates) in registries.iter_mut() {
        let Some(crates) = crates.as_table_like_mut() else { continue };
        for (_, row) in crates.iter_mut() {
            let Some(path) = row.get("path").and_then(Item::as_str) else { continue };
            let path = tidy(&project.workspace.join(Utf8Path::new(path)));
            let path = seen_from(&project.generated(), &path, &project.workspace);
            row["path"] = value(path.as_str());
        }
    }
    Some(Item::Table(registries))
}

/// A copy without the place it had in its file, by which toml_edit would sort it.
fn copy(table: &dyn TableLike) -> Table {
    let mut copied = Table::new();
    for (key, item) in table.iter() {
        let item = match item {
            Item::Table(inner) => Item::Table(copy(inner)),
            other => other.clone(),
        };
        copied.insert(key, item);
    }
    copied
}
