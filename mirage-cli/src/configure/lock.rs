//! The generated package's Cargo.lock: the project's own, less what an image does not need.

use std::fs;

use camino::Utf8Path;

use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::hash;
use crate::project::Project;
use crate::report::Reporter;

/// A digest of all the lock follows from.
pub fn fingerprint(project: &Project, manifest: &str) -> String {
    let inputs = serde_json::to_string(&project.inputs).unwrap_or_default(); // maps of strings: it cannot fail
    hash::of(format!("{manifest}\0{inputs}"))
}

/// Makes a Cargo.lock in `folder`, where the manifest and main.rs are: every crate at the version the project has.
///
/// # Errors
/// What cargo says, when a crate is missing on this machine and cannot be had.
pub fn make(project: &Project, folder: &Utf8Path, cargo: Cargo, reporter: &Reporter) -> Result<String, Error> {
    let file = folder.join("Cargo.lock");
    let theirs = project.workspace.join("Cargo.lock");
    fs::copy(&theirs, &file)
        .map_err(|error| Error::new(Exit::CannotWrite, format!("cannot copy `{theirs}` to `{file}`: {error}")))?;
    let step = reporter.step("Locking", "the crates");
    let metadata = |cargo: Cargo| {
        let mut command = cargo.command("metadata");
        command.args(["--format-version", "1", "--manifest-path"]).arg(folder.join("Cargo.toml")).current_dir(folder);
        Cargo::answer(command, Exit::Config, "the generated package's crates cannot be had together", &step)
    };
    // The project's lock is about this package's: without the network unless something is missing.
    let offline = Cargo { offline: true, locked: false };
    let online = || if cargo.offline { metadata(offline) } else { metadata(Cargo { offline: false, locked: false }) };
    match metadata(offline) {
        Err(error) if error.exit != Exit::Interrupted => _ = online()?,
        other => _ = other?,
    }
    step.done();
    fs::read_to_string(&file).map_err(|error| Error::bug(format!("cargo wrote no `{file}`: {error}")))
}
