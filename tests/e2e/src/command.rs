//! Calls of the tool.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The checkout under test.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a checkout").to_owned()
}

/// The target folder that all projects of all tests share.
pub fn target() -> PathBuf {
    tool().ancestors().nth(2).expect("a target folder").join("e2e")
}

/// The tool, built as the tests are.
pub fn tool() -> &'static Path {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        // The tool is beside this program, or one folder up from this test.
        let here = std::env::current_exe().expect("this test is a file");
        let folder = here.parent().expect("a folder");
        let folder = if folder.ends_with("deps") { folder.parent().expect("a folder") } else { folder };
        let folder = folder.to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args(["build", "--quiet", "--locked", "-p", "mirage-cli", "--bin", "mirage"]);
        build.arg("--target-dir").arg(folder.parent().expect("a target folder"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the tool does not build");
        folder.join("mirage")
    })
}

/// A call of the tool in a folder.
pub fn mirage(folder: &Path) -> Command {
    // Signals that whoever started these tests ignores, as a shell has what runs in its background do, the tool would
    // ignore as well: it starts with none.
    // By its whole name: a test may leave nothing else to be found.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP,INT,TERM").arg(tool());
    command.current_dir(folder).stdin(Stdio::null()).env("CARGO_TARGET_DIR", target());
    // What this test was started with is not what a user starts the tool with.
    for variable in ["CARGO", "CARGO_MANIFEST_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "MIRAGE_RUNTIME", "COLUMNS"]
    {
        command.env_remove(variable);
    }
    command.env("RUST_BACKTRACE", "0");
    command
}

/// How a call ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status; 128 and the signal if it was ended by one.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Outcome {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Fails the test unless it ended with this status.
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Fails the test unless standard error has all of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in\n{}", self.err);
        }
        self
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let status = output.status.code().or(output.status.signal().map(|signal| 128 + signal)).expect("an end");
        Self { status, out: text(output.stdout), err: text(output.stderr) }
    }
}
