//! Running the compiled config.rs.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use camino::Utf8Path;

use crate::error::{Error, Exit};
use crate::process::{self, End, Stream};
use crate::project::Project;
use crate::report::Reporter;

/// How much of what config.rs says is kept.
const KEPT: usize = 64 << 10;

/// Runs it and gives back what it wrote for a graph.
///
/// # Errors
/// [`Exit::Config`] when it panics, fails, runs for longer than `limit` or writes nothing.
pub fn execute(
    project: &Project,
    executable: &Utf8Path,
    limit: Duration,
    reporter: &Reporter,
) -> Result<String, Error> {
    let scratch = |error: std::io::Error| Error::new(Exit::CannotWrite, format!("no temporary file: {error}"));
    let folder = tempfile::tempdir().map_err(scratch)?;
    let graph = folder.path().join("graph.json");
    let mut command = Command::new(executable);
    command
        .env("MIRAGE_GRAPH", &graph)
        .env("MIRAGE_PACKAGE_DIR", &project.folder)
        .env("MIRAGE_WORKSPACE_DIR", &project.workspace)
        .env("RUST_BACKTRACE", "0")
        .current_dir(&project.folder);
    let (mut out, mut err) = (String::new(), String::new());
    let end = process::run(&mut command, Some(limit), |stream, line| {
        let text = if stream == Stream::Out { &mut out } else { &mut err };
        if text.len() + line.len() < KEPT {
            text.push_str(line);
            text.push('\n');
        }
    })?;
    let said = format!("{out}{err}");
    match end {
        End::TimedOut => Err(Error::new(
            Exit::Config,
            format!("`{}` ran for more than {} s and was stopped", project.config, limit.as_secs_f32()),
        )
        .detail(said)
        .hint("does it wait for something, or loop? `--timeout SECONDS` gives it longer")),
        End::Exit(status) if !status.success() => Err(failed(project, status, &err, said)),
        End::Exit(_) => {
            let text = fs::read_to_string(&graph).unwrap_or_default();
            if text.trim().is_empty() {
                return Err(Error::new(
                    Exit::Config,
                    format!("`{}` ended without describing a unikernel", project.config),
                )
                .detail(said)
                .hint("`fn main()` is to return a `Unikernel`, and nothing before that is to end the process"));
            }
            // What it prints is its author's to see, and no part of the graph.
            said.lines().for_each(|line| reporter.note(&format!("config.rs says: {line}")));
            Ok(text)
        }
    }
}

fn failed(project: &Project, status: ExitStatus, err: &str, said: String) -> Error {
    let config = &project.config;
    if let Some((file, line, message)) = panic(err) {
        // The compiler knows files from the workspace's folder.
        let file = project.workspace.join(file);
        return Error::new(Exit::Config, format!("`{config}` panicked: {message}")).place(file, line, "panicked here");
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended strangely".into(),
    };
    Error::new(Exit::Config, format!("`{config}` {how}")).detail(said)
}

/// Where and with what words a Rust program panicked: `thread 'main' panicked at config.rs:5:9:` and what follows.
fn panic(err: &str) -> Option<(&str, u32, String)> {
    let (_, rest) = err.split_once("panicked at ")?;
    let (place, message) = rest.split_once('\n')?;
    let mut parts = place.trim_end_matches(':').rsplitn(3, ':');
    let line = parts.nth(1)?.parse().ok()?;
    let file = parts.next()?;
    let message = message.lines().take_while(|line| !line.starts_with("note: run with")).collect::<Vec<_>>().join("\n");
    Some((file, line, message.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_understood() {
        let err = "thread 'main' (7) panicked at app/config.rs:5:9:\nno more\nnote: run with `RUST_BACKTRACE=1` …\n";
        assert_eq!(panic(err), Some(("app/config.rs", 5, "no more".into())));
        assert_eq!(panic("Error: nothing"), None);
    }
}
