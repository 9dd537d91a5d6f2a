//! Projects of one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{Outcome, mirage, root};

/// A project in a folder of its own, which goes away with it.
pub struct Project {
    folder: PathBuf,
    _around: TempDir,
}

impl Project {
    /// A new project from a template. Projects that are compiled are called by different names.
    pub fn new(name: &str, template: &str) -> Self {
        Self::within("", name, template)
    }

    /// A new project in a folder below the test's own.
    pub fn within(folder: &str, name: &str, template: &str) -> Self {
        let around = tempfile::tempdir().expect("a temporary folder");
        let above = around.path().join(folder);
        fs::create_dir_all(&above).expect("a folder");
        let mut command = mirage(&above);
        command.args(["new", name, "--template", template, "--runtime"]).arg(root());
        Outcome::of(&mut command).ends_with(0);
        // With the versions the workspace has, a test's end does not depend on what was published today.
        fs::copy(root().join("Cargo.lock"), above.join(name).join("Cargo.lock")).expect("a lock file");
        Self { folder: above.join(name), _around: around }
    }

    /// A `hello` project with another config.rs.
    pub fn with_config(name: &str, config: &str) -> Self {
        let project = Self::new(name, "hello");
        project.write("config.rs", config);
        project
    }

    /// A `hello` project with config.rs and unikernel.rs from a folder of `fixtures`, called as that.
    pub fn fixture(name: &str) -> Self {
        let project = Self::new(name, "hello");
        let fixture = root().join("tests/e2e/fixtures").join(name);
        for file in ["config.rs", "unikernel.rs"] {
            let text = fs::read_to_string(fixture.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
            project.write(file, &text);
        }
        project
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What a file of it says.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file of it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Writes a file of it anew with one thing replaced.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{from:?} is not in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// A call of the tool on it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = mirage(&self.folder);
        command.args(arguments);
        command
    }

    /// A call of the tool on it, to its end.
    pub fn call(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Every file in it but Cargo.lock and what was found out about config.rs, to see what a call has left.
    pub fn files(&self) -> Vec<String> {
        fn below(folder: &Path, root: &Path, files: &mut Vec<String>) {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    below(&entry.path(), root, files);
                } else {
                    files.push(entry.path().strip_prefix(root).expect("below").display().to_string());
                }
            }
        }
        let mut files = vec![];
        below(&self.folder, &self.folder, &mut files);
        files.retain(|file| file != "Cargo.lock" && file != "mirage/cache.json");
        files.sort();
        files
    }
}
