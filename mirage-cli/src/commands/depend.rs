//! `mirage depend`.

use super::print_json;
use crate::cli::Subject;
use crate::depend;
use crate::error::Error;
use crate::report::{Format, Reporter};

/// Fetches every crate.
pub fn depend(subject: &Subject, dry_run: bool, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let crates = project.crates.iter().filter(|found| found.source.is_some()).count();
    if !dry_run {
        depend::depend(&project, subject.cargo(), reporter)?;
    }
    if reporter.format() == Format::Json {
        return print_json(&serde_json::json!({ "crates": crates }));
    }
    if dry_run {
        reporter.done("Would fetch", &format!("{crates} crates from registries, where they are not here yet"));
    } else {
        reporter.done("Fetched", &format!("{crates} crates from registries: builds can be `--offline` now"));
    }
    Ok(())
}
