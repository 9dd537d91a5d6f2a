//! The image's manifest: what it is, what was chosen and what it is made of. Reproducible: no time, no path of this
//! machine, the same sources give the same bytes.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use cargo_metadata::PackageId;
use serde::Serialize;

use crate::build::Executable;
use crate::configure::Configured;
use crate::error::Error;
use crate::hash;
use crate::project::{Crate, Project};

#[derive(Serialize)]
struct Manifest<'a> {
    name: &'a str,
    version: &'a str,
    target: &'a str,
    about: &'a str,
    keys: BTreeMap<&'a str, &'a str>,
    image: Part,
    /// A digest of every source file and of Cargo.lock.
    sources: String,
    packages: Vec<Package<'a>>,
    mirage: &'static str,
}

#[derive(Serialize)]
struct Part {
    size: usize,
    sha256: String,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    license: Option<&'a str>,
    /// Where it is from; none for a path.
    source: Option<&'a str>,
}

/// The manifest's text.
///
/// # Errors
/// When a source cannot be read any more.
pub fn manifest(
    project: &Project,
    configured: &Configured,
    executable: &Executable,
    image: &[u8],
) -> Result<String, Error> {
    let plan = &configured.plan;
    let mut packages: Vec<Package<'_>> = executable.packages.iter().filter_map(|id| package(project, id)).collect();
    packages.sort_by_key(|package| (package.name, package.version));
    packages.dedup_by_key(|package| (package.name, package.version));
    let manifest = Manifest {
        name: &plan.name,
        version: &project.version,
        target: &plan.target,
        about: &plan.about,
        keys: plan.keys.iter().map(|setting| (setting.key.as_str(), setting.value.as_str())).collect(),
        image: Part { size: image.len(), sha256: hash::of(image) },
        sources: sources(project, executable)?,
        packages,
        mirage: env!("CARGO_PKG_VERSION"),
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Error::bug(error.to_string()))?;
    Ok(text + "\n")
}

/// A package of the image: those only main.rs's own is, are not among the project's crates.
fn package<'a>(project: &'a Project, id: &PackageId) -> Option<Package<'a>> {
    let there = project.crates.iter().find(|there| there.id == id.repr)?;
    let (name, version) = (there.name.as_str(), there.version.as_str());
    Some(Package { name, version, license: there.license.as_deref(), source: there.source.as_deref() })
}

/// A digest of every source file by the name it has in its crate, and of the lock, which stands for the others.
fn sources(project: &Project, executable: &Executable) -> Result<String, Error> {
    let mut digests = BTreeMap::new();
    let lock = project.generated().join("Cargo.lock");
    for file in executable.sources.iter().chain([&lock]) {
        let bytes = fs::read(file).map_err(|error| Error::bug(format!("`{file}` cannot be read: {error}")))?;
        digests.insert(name(project, file), hash::of(bytes));
    }
    let list: String = digests.into_iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    Ok(hash::of(list))
}

fn name(project: &Project, file: &Utf8Path) -> String {
    if let Ok(rest) = file.strip_prefix(project.generated()) {
        return format!("mirage/{rest}");
    }
    let owner = |there: &&Crate| file.starts_with(&there.folder);
    let nearest = project.crates.iter().filter(owner).max_by_key(|there| there.folder.components().count());
    let named = nearest.and_then(|there| Some(format!("{}/{}", there.name, file.strip_prefix(&there.folder).ok()?)));
    named.unwrap_or_else(|| file.file_name().unwrap_or_default().to_owned())
}
