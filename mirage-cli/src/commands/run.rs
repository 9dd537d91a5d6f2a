//! `mirage run`.

use std::ffi::OsString;

use super::build::{Built, prepare};
use super::{print, print_json};
use crate::cli::{Keys, Subject};
use crate::error::Error;
use crate::report::{Format, Reporter};
use crate::run;

/// Builds what has changed, and starts the image with these arguments.
pub fn run(
    subject: &Subject,
    keys: Keys,
    profile: &str,
    arguments: &[OsString],
    dry_run: bool,
    reporter: &Reporter,
) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let Built { configured, image } = prepare(&project, subject, keys, profile, dry_run, reporter)?;
    if dry_run {
        let words = arguments.iter().map(|word| word.to_string_lossy());
        let words = [image.file.as_str().into()].into_iter().chain(words);
        if reporter.format() == Format::Json {
            return print_json(&serde_json::json!({ "command": words.collect::<Vec<_>>() }));
        }
        return print(mirage::args::join(words) + "\n");
    }
    Err(run::run(&configured.plan, &image, arguments))
}
