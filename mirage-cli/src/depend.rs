//! `mirage depend`: every crate of a project on this machine, so that no later step needs the network.

use camino::Utf8Path;

use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::report::Reporter;

/// Fetches every crate of the project and, once it is configured, of its generated package.
///
/// # Errors
/// [`Exit::Unavailable`] when a crate cannot be fetched.
pub fn depend(project: &Project, cargo: Cargo, reporter: &Reporter) -> Result<(), Error> {
    let step = reporter.step("Fetching", "every crate");
    let fetch = |folder: &Utf8Path, cargo: Cargo| {
        let mut command = cargo.command("fetch");
        command.arg("--manifest-path").arg(folder.join("Cargo.toml")).current_dir(folder);
        Cargo::answer(command, Exit::Unavailable, "not every crate could be fetched", &step)
    };
    fetch(&project.folder, cargo)?;
    let generated = project.generated();
    if generated.join("Cargo.lock").is_file() {
        fetch(&generated, Cargo { locked: true, ..cargo })?;
    }
    step.done();
    Ok(())
}
