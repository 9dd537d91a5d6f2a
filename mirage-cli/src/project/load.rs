//! What `cargo metadata` says of a package, as far as it matters here.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, NodeDep, Package, PackageId, TargetKind};

use super::{Crate, Project};
use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::inputs::{Inputs, surroundings};
use crate::report::Reporter;

/// Asks cargo about the package in `folder`.
///
/// # Errors
/// What cargo says; [`Exit::NoProject`] when config.rs is not one of the package's examples.
pub fn load(folder: Utf8PathBuf, config: Utf8PathBuf, cargo: Cargo, reporter: &Reporter) -> Result<Project, Error> {
    let manifest = folder.join("Cargo.toml");
    let step = reporter.step("Reading", "Cargo.toml");
    let mut command = cargo.command("metadata");
    command.args(["--format-version", "1", "--manifest-path"]).arg(&manifest).current_dir(&folder);
    let answer = Cargo::answer(command, Exit::Config, "cargo cannot read the package", &step)?;
    let metadata: Metadata = serde_json::from_str(&answer)
        .map_err(|error| Error::bug(format!("what `cargo metadata` answers is not understood: {error}")))?;
    step.done();
    let package = metadata
        .packages
        .iter()
        .find(|package| package.manifest_path.canonicalize_utf8().is_ok_and(|there| there == manifest))
        .ok_or_else(|| Error::bug(format!("cargo does not know of `{manifest}`")))?;
    let (crates, index) = crates(&metadata);
    Ok(Project {
        example: example(package, &config)?,
        workspace: metadata.workspace_root.clone(),
        target_dir: metadata.target_directory.clone(),
        package: package.name.to_string(),
        version: package.version.to_string(),
        visible: visible(&metadata, package, &index),
        inputs: inputs(&metadata, &folder),
        crates,
        folder,
        config,
    })
}

/// The name of the example that config.rs is.
fn example(package: &Package, config: &Utf8Path) -> Result<String, Error> {
    let is_config = |path: &Utf8Path| path.canonicalize_utf8().is_ok_and(|there| there == *config);
    let mut examples = package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Example));
    if let Some(example) = examples.find(|target| is_config(&target.src_path)) {
        return Ok(example.name.clone());
    }
    let manifest = &package.manifest_path;
    let name = &package.name;
    let folder = manifest.parent().unwrap_or(manifest);
    let path = config.strip_prefix(folder).unwrap_or(config);
    let error = Error::new(Exit::NoProject, format!("`{manifest}` does not say that `{path}` is one of its examples"))
        .hint(format!("add these lines to it:\n\n[[example]]\nname = \"{name}-config\"\npath = \"{path}\""));
    if package.dependencies.iter().any(|dependency| dependency.name == "mirage-config") {
        return Err(error);
    }
    Err(error.hint("and `mirage-config` to its `[dev-dependencies]`"))
}

/// Every package with a library, and where each is in the list.
fn crates(metadata: &Metadata) -> (Vec<Crate>, BTreeMap<&PackageId, usize>) {
    let mut crates = vec![];
    let mut index = BTreeMap::new();
    for package in &metadata.packages {
        let kinds = [TargetKind::Lib, TargetKind::RLib, TargetKind::ProcMacro];
        let library = package.targets.iter().find(|target| target.kind.iter().any(|kind| kinds.contains(kind)));
        let Some(library) = library else { continue };
        index.insert(&package.id, crates.len());
        crates.push(Crate {
            id: package.id.repr.clone(),
            name: package.name.to_string(),
            version: package.version.to_string(),
            library: library.name.replace('-', "_"),
            source: package.source.as_ref().map(|source| source.repr.clone()),
            folder: package.manifest_path.parent().map(Utf8Path::to_owned).unwrap_or_default(),
            license: package.license.clone(),
        });
    }
    (crates, index)
}

/// The crates the package sees, by the names it sees them by.
fn visible(metadata: &Metadata, package: &Package, index: &BTreeMap<&PackageId, usize>) -> BTreeMap<String, usize> {
    let node = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).find(|node| node.id == package.id);
    let own = package.targets.iter().find(|target| target.kind.contains(&TargetKind::Lib));
    let own = own.and_then(|own| Some((own.name.replace('-', "_"), *index.get(&package.id)?)));
    let named = |dependency: &NodeDep| Some((dependency.name.to_string(), *index.get(&dependency.pkg)?));
    node.iter().flat_map(|node| &node.deps).filter_map(named).chain(own).collect()
}

/// What cargo looked at: the manifests of every path, the lock, and its surroundings.
fn inputs(metadata: &Metadata, folder: &Utf8Path) -> Inputs {
    let paths = metadata.packages.iter().filter(|package| package.source.is_none());
    let mut files: BTreeSet<Utf8PathBuf> = paths.map(|package| package.manifest_path.clone()).collect();
    files.insert(metadata.workspace_root.join("Cargo.toml"));
    files.insert(metadata.workspace_root.join("Cargo.lock"));
    files.extend(surroundings(folder));
    Inputs::of(files)
}
