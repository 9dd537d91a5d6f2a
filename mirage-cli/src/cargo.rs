//! Running cargo: what it is told everywhere, and what it says sorted into progress, artifacts and diagnostics.

use std::process::Command;

use camino::Utf8PathBuf;
use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{CompilerMessage, Message, PackageId, TargetKind};

use crate::error::{Error, Exit};
use crate::process::{self, End, Stream};
use crate::report::{Reporter, Step};

/// What the user said about how cargo is to be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cargo {
    /// Without the network.
    pub offline: bool,
    /// Without changing the project's Cargo.lock.
    pub locked: bool,
}

/// What cargo made and said.
#[derive(Debug, Default)]
pub struct Compiled {
    /// Whether all went well.
    pub success: bool,
    /// The executables, by the name of their target.
    pub executables: Vec<(String, Utf8PathBuf)>,
    /// The packages with a library, and a file of each.
    pub packages: Vec<(PackageId, Utf8PathBuf)>,
    /// Warnings as rustc renders them.
    pub warnings: String,
    /// Errors as rustc renders them.
    pub errors: Vec<CompilerMessage>,
    /// What cargo itself said is wrong.
    pub said: String,
}

impl Compiled {
    /// The errors as rustc renders them; what cargo said when it never came to run rustc.
    pub fn verbatim(&self) -> String {
        if self.errors.is_empty() {
            return self.said.trim_end().to_owned();
        }
        self.errors.iter().map(rendered).collect::<String>().trim_end().to_owned()
    }

    /// It is not the code: cargo never came to run rustc, over the network, the manifest or the lock; or nothing can be
    /// written where it is to go.
    pub fn cargo_failed(&self) -> Option<Error> {
        if !self.errors.is_empty() {
            // What rustc finds in code has a place there; what stops rustc and the linker has none.
            let mut stopped = self.errors.iter().filter(|error| error.message.spans.is_empty());
            return stopped.find_map(|error| disk("what cargo builds cannot be written", rendered(error).trim_end()));
        }
        // Rustc's own words, when a dependency's build script or a crate's compiler died without a diagnostic.
        Some(explain(Exit::Compile, "cargo failed", self.said.trim_end()))
    }
}

impl Cargo {
    /// `cargo SUBCOMMAND` with what the user said.
    pub fn command(self, subcommand: &str) -> Command {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.arg(subcommand);
        // Cargo's variables are for the program it runs, and `mirage` may itself be run by cargo.
        for variable in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "RUST_RECURSION_COUNT"] {
            command.env_remove(variable);
        }
        command.args(self.offline.then_some("--offline")).args(self.locked.then_some("--locked"));
        command
    }

    /// Runs a cargo command that answers on its standard output.
    ///
    /// # Errors
    /// As [`explain`], with what cargo said; its exit code is `exit` unless it is the network's fault or a disk's.
    pub fn answer(mut command: Command, exit: Exit, what: &str, step: &Step) -> Result<String, Error> {
        let (mut answer, mut said) = (String::new(), String::new());
        let end = process::run(command.env("CARGO_TERM_COLOR", "never"), None, |stream, line| match stream {
            Stream::Out => {
                answer.push_str(line);
                answer.push('\n');
            }
            Stream::Err => sort(line, &mut said, step),
        })?;
        match end {
            End::Exit(status) if status.success() => Ok(answer),
            _ => Err(explain(exit, what, said.trim_end())),
        }
    }

    /// Runs `cargo build`, its progress the lines of a step.
    ///
    /// # Errors
    /// When cargo cannot be run, or on Ctrl-C; a failure to compile is in the result.
    pub fn compile(mut command: Command, reporter: &Reporter, step: &Step) -> Result<Compiled, Error> {
        let color = if reporter.color() { "always" } else { "never" };
        let format = if reporter.color() { "json-diagnostic-rendered-ansi" } else { "json" };
        command.arg(format!("--message-format={format}")).env("CARGO_TERM_COLOR", color);
        let mut compiled = Compiled::default();
        let end = process::run(&mut command, None, |stream, line| match stream {
            Stream::Out => message(line, &mut compiled),
            Stream::Err => sort(line, &mut compiled.said, step),
        })?;
        compiled.success = matches!(end, End::Exit(status) if status.success());
        Ok(compiled)
    }
}

fn message(line: &str, compiled: &mut Compiled) {
    let Ok(message) = serde_json::from_str::<Message>(line) else { return };
    match message {
        Message::CompilerArtifact(artifact) => {
            let executable = artifact.executable.map(|file| (artifact.target.name, file));
            compiled.executables.extend(executable);
            let kinds = [TargetKind::Lib, TargetKind::RLib];
            if artifact.target.kind.iter().any(|kind| kinds.contains(kind)) {
                compiled.packages.extend(artifact.filenames.into_iter().next().map(|file| (artifact.package_id, file)));
            }
        }
        Message::CompilerMessage(message) => match message.message.level {
            // The last word of a failing rustc, "aborting due to …", has no place and says nothing.
            DiagnosticLevel::Error | DiagnosticLevel::Ice
                if !message.message.spans.is_empty() || message.message.code.is_some() =>
            {
                compiled.errors.push(message);
            }
            DiagnosticLevel::Error if !message.message.message.starts_with("aborting due to") => {
                compiled.errors.push(message);
            }
            DiagnosticLevel::Warning if !message.message.spans.is_empty() => compiled.warnings += rendered(&message),
            _ => {}
        },
        _ => {}
    }
}

fn rendered(message: &CompilerMessage) -> &str {
    message.message.rendered.as_deref().unwrap_or(&message.message.message)
}

/// A line of cargo's standard error: progress to the step, the rest to what it said.
fn sort(line: &str, said: &mut String, step: &Step) {
    let plain = without_color(line);
    let first = plain.split_whitespace().next().unwrap_or_default();
    let progress = plain.starts_with(' ') && first.starts_with(char::is_uppercase) && !said.contains("Caused by");
    if progress {
        step.line(plain.trim());
    } else {
        said.push_str(line);
        said.push('\n');
    }
}

fn without_color(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// An error out of what a tool said, if it sounds like a disk that cannot be written; the tool names the file.
fn disk(what: &str, said: &str) -> Option<Error> {
    const SIGNS: [(&str, &str); 3] = [
        ("No space left on device", "make room on that disk and try again"),
        ("Disk quota exceeded", "make room in that quota and try again"),
        (
            "Read-only file system",
            "that disk is mounted read-only; `CARGO_TARGET_DIR` puts elsewhere what cargo builds, not what goes beside config.rs",
        ),
    ];
    let plain = without_color(said);
    let (_, hint) = SIGNS.iter().find(|(sign, _)| plain.contains(sign))?;
    Some(Error::new(Exit::CannotWrite, what).detail(said).hint(*hint))
}

/// An error out of what cargo said, which is the network's fault, or a disk's, if it sounds like that.
pub fn explain(exit: Exit, what: &str, said: &str) -> Error {
    const NETWORK: [&str; 9] = [
        "--offline",
        "failed to download",
        "Could not resolve host",
        "Couldn't resolve host",
        "network failure",
        "spurious network error",
        "unable to update registry",
        "failed to fetch",
        "offline mode",
    ];
    let plain = without_color(said);
    // First, since what cargo advises then speaks of `--offline`.
    if plain.contains("--locked was passed") || plain.contains("because --locked") {
        return Error::new(exit, what)
            .detail(said)
            .hint("Cargo.lock is not there or not up to date: run once without `--locked`");
    }
    if NETWORK.iter().any(|sign| plain.contains(sign)) {
        return Error::new(Exit::Unavailable, format!("{what}: a crate it needs is not on this machine"))
            .detail(said)
            .hint("where there is a network, `mirage depend` fetches every crate, and `--offline` works from then on")
            .hint("`cargo vendor` keeps them in the project, for a machine that never has one");
    }
    if let Some(error) = disk(what, said) {
        return error;
    }
    let error = Error::new(exit, what).detail(said);
    if plain.contains("multiple workspace roots") {
        return error.hint("the workspace's `members` take in the generated folder: add `mirage` to its `exclude`");
    }
    error
}
