//! `mirage run`.

use std::ffi::OsString;

use super::build::{Built, prepare};
use super::{print, print_json};
use crate::cli::{Keys, Subject};
use crate::error::Error;
use crate::report::{Format, Reporter};
use crate::run::{self, Options};

/// Builds what has changed, and runs the image with these arguments; returns the status it ended with.
pub fn run(
    subject: &Subject,
    keys: Keys,
    profile: &str,
    options: &Options,
    arguments: &[OsString],
    dry_run: bool,
    reporter: &Reporter,
) -> Result<u8, Error> {
    let project = subject.project(reporter)?;
    let Built { configured, image } = prepare(&project, subject, keys, profile, dry_run, reporter)?;
    if dry_run {
        let steps = run::dry_run(&configured.plan, &image, arguments, options, reporter)?;
        return if reporter.format() == Format::Json { print_json(&steps) } else { print(steps.to_string()) }
            .map(|()| 0);
    }
    run::run(&configured.plan, &image, arguments, options, reporter)
}
