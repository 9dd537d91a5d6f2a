//! `mirage clean`.

use super::configure::seen;
use super::print_json;
use crate::clean;
use crate::cli::Subject;
use crate::error::Error;
use crate::report::{Format, Reporter};

/// Removes what was generated.
pub fn clean(subject: &Subject, dry_run: bool, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let cleaned = clean::clean(&project, dry_run, reporter)?;
    for left in &cleaned.left {
        reporter.warn(&format!("`{}` is left: it was not generated, or was changed since", seen(left)));
    }
    if reporter.format() == Format::Json {
        return print_json(&serde_json::json!({ "removed": cleaned.removed, "left": cleaned.left }));
    }
    let verb = if dry_run { "Would remove" } else { "Removed" };
    for removed in &cleaned.removed {
        reporter.done(verb, seen(removed).as_str());
    }
    if cleaned.removed.is_empty() {
        reporter.done("Clean", "nothing was generated here");
    }
    Ok(())
}
