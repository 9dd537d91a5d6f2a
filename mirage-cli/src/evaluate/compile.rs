//! Compiling config.rs, the cargo example it is.

use camino::Utf8PathBuf;

use crate::cargo::Cargo;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::report::{Reporter, Step};

/// Compiles config.rs for this machine and says where the executable is.
///
/// # Errors
/// [`Exit::Config`] with rustc's own words when config.rs is wrong, [`Exit::Compile`] when it is the application.
pub fn compile(project: &Project, cargo: Cargo, reporter: &Reporter, step: &Step) -> Result<Utf8PathBuf, Error> {
    let mut command = cargo.command("build");
    // With a target named, also here, cargo keeps what is for this machine's build apart: retargeting stays quick.
    command.args(["--example", &project.example, "--target", "host-tuple", "--manifest-path"]);
    command.arg(project.folder.join("Cargo.toml")).current_dir(&project.folder);
    // Nobody debugs what runs for a moment, and a cold compilation is a fifth shorter without.
    command.env("CARGO_PROFILE_DEV_DEBUG", "none");
    let compiled = Cargo::compile(command, reporter, step)?;
    if !compiled.success {
        if let Some(error) = compiled.cargo_failed() {
            return Err(error);
        }
        let is_config = |file: &Utf8PathBuf| file.canonicalize_utf8().is_ok_and(|file| file == project.config);
        let own = compiled.errors.iter().any(|error| is_config(&error.target.src_path));
        let (exit, what) = match own {
            true => (Exit::Config, format!("`{}` does not compile", project.config)),
            false => (Exit::Compile, "the application does not compile, and config.rs needs it".into()),
        };
        return Err(Error::new(exit, what).detail(compiled.verbatim()));
    }
    let executable = compiled.executables.into_iter().find(|(name, _)| *name == project.example);
    let executable = executable.map(|(_, file)| file);
    executable.ok_or_else(|| Error::bug(format!("cargo built no executable for `{}`", project.example)))
}
