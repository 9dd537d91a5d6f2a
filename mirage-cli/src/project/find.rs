//! From what the user gave, or the current folder, to a package with a config.rs.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use toml_edit::DocumentMut;

use super::{Cache, Project, load};
use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::report::Reporter;

/// Finds a project: `given` is its folder or its config.rs, the current folder or one above it when nothing is given.
///
/// Asks cargo, unless it was asked before and nothing it looks at has changed.
///
/// # Errors
/// [`Exit::NoProject`] with what is missing; [`Exit::Config`] when cargo cannot make sense of the manifest.
pub fn find(given: Option<&Utf8Path>, cargo: Cargo, reporter: &Reporter) -> Result<Project, Error> {
    let config = config(given)?;
    let folder = package_folder(&config)?;
    if let Some(cache) = Cache::load(&folder)
        && cache.project.config == config
        && cache.project.inputs.unchanged()
    {
        return Ok(cache.project);
    }
    load::load(folder, config, cargo, reporter)
}

/// The config.rs that is meant, from the root.
fn config(given: Option<&Utf8Path>) -> Result<Utf8PathBuf, Error> {
    let here = std::env::current_dir().map_err(|error| no_project(format!("the current folder is gone: {error}")))?;
    let here = utf8(here)?;
    let Some(given) = given else {
        let above = here.ancestors().map(|folder| folder.join("config.rs")).find(|config| config.is_file());
        return canonical(&above.ok_or_else(|| without_config(&here))?);
    };
    let path = here.join(given);
    if path.is_dir() {
        let config = path.join("config.rs");
        return if config.is_file() { canonical(&config) } else { Err(without_config(&path)) };
    }
    if !path.exists() {
        return Err(no_project(format!("there is no `{given}`")).hint("give a project's folder or its config.rs"));
    }
    if path.extension() != Some("rs") {
        return Err(
            no_project(format!("`{given}` is not a config.rs")).hint("give a project's folder or its config.rs")
        );
    }
    canonical(&path)
}

fn without_config(folder: &Utf8Path) -> Error {
    let error = no_project(format!("there is no config.rs in `{folder}`"));
    if folder.join("Cargo.toml").is_file() {
        error.hint("config.rs says which devices the application gets; `mirage help config` shows one")
    } else {
        error.hint("`mirage new NAME` makes a project; `mirage COMMAND FOLDER` looks in another folder")
    }
}

/// The folder of the package a config.rs belongs to: the nearest with a Cargo.toml.
fn package_folder(config: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let folder = config.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file());
    let folder = folder.ok_or_else(|| {
        no_project(format!("there is no Cargo.toml beside `{config}` or above it"))
            .hint("a project is a cargo package: `mirage new NAME` makes one")
    })?;
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| no_project(format!("`{manifest}`: {error}")))?;
    let parsed = text.parse::<DocumentMut>();
    if parsed.is_ok_and(|manifest| !manifest.contains_key("package")) {
        return Err(no_project(format!("`{manifest}` is a workspace, not a package"))
            .hint("give the folder of one of its members")
            .hint("or put a Cargo.toml with a `[package]` beside config.rs"));
    }
    Ok(folder.to_owned())
}

fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    path.canonicalize_utf8().map_err(|error| no_project(format!("`{path}`: {error}")))
}

fn utf8(path: std::path::PathBuf) -> Result<Utf8PathBuf, Error> {
    let wrong = |path: std::path::PathBuf| no_project(format!("`{}` is not UTF-8, as cargo wants it", path.display()));
    Utf8PathBuf::from_path_buf(path).map_err(wrong)
}

fn no_project(message: impl Into<String>) -> Error {
    Error::new(Exit::NoProject, message)
}
