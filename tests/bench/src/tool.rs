//! The tool under measurement, and projects made with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// The `mirage` binary, built in release mode from this checkout.
pub struct Tool(PathBuf);

impl Tool {
    /// Builds the tool.
    pub fn build() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no checkout")?;
        let mut command = Command::new("cargo");
        command.current_dir(root).args(["build", "--release", "--quiet", "--locked"]);
        command.args(["-p", "mirage-cli", "-p", "mirage-bench"]);
        ensure!(command.status()?.success(), "the tool does not build");
        let here = std::env::current_exe()?;
        let binary = here.with_file_name("mirage");
        ensure!(binary.is_file(), "{} is not there: run with `cargo run --release`", binary.display());
        Ok(Self(binary))
    }

    /// A program built beside the tool.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.0.with_file_name(name)
    }

    /// A call of the tool.
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }

    /// A new project from a template, in a folder of its own that goes away with it.
    pub fn project(&self, template: &str) -> anyhow::Result<Project> {
        let folder = tempfile::tempdir()?;
        let mut command = self.command();
        command.current_dir(&folder).args(["--quiet", "new", template, "--template", template]);
        ensure!(command.status()?.success(), "{command:?} failed");
        Ok(Project { path: folder.path().join(template), name: template.to_owned(), _folder: folder })
    }
}

/// A project made with the tool.
pub struct Project {
    path: PathBuf,
    name: String,
    _folder: TempDir,
}

impl Project {
    /// A file of the project.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Its image for unix.
    pub fn image(&self) -> PathBuf {
        self.path.join("dist").join(&self.name)
    }

    /// A call of the tool on this project.
    pub fn call(&self, tool: &Tool, subcommand: &str) -> Command {
        let mut command = tool.command();
        command.current_dir(&self.path).args(["--quiet", subcommand]);
        // The project's own target folder, so that cold is cold.
        command.env_remove("CARGO_TARGET_DIR");
        command
    }

    /// Empties the target folder and takes back what was generated.
    pub fn make_cold(&self) -> anyhow::Result<()> {
        for folder in ["target", "mirage", "dist"] {
            match std::fs::remove_dir_all(self.path.join(folder)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}
