//! `mirage configure`.

use camino::Utf8Path;

use super::print_json;
use crate::cli::{Keys, Subject};
use crate::configure::{self, Configured, Kept};
use crate::error::Error;
use crate::project::Project;
use crate::report::{Format, Reporter};

/// Evaluates config.rs and writes the plumbing.
pub fn configure(subject: &Subject, keys: Keys, dry_run: bool, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let request = subject.request(keys, false, dry_run);
    let configured = configure::configure(&project, &request, subject.evaluation(), reporter)?;
    let Configured { plan, written, .. } = &configured;
    tell_kept(&project, &configured, dry_run, reporter);
    if reporter.format() == Format::Json {
        return print_json(&serde_json::json!({
            "name": plan.name,
            "target": plan.target,
            "written": written,
            "main": project.generated().join("main.rs"),
        }));
    }
    let (name, target) = (&plan.name, &plan.target);
    if dry_run {
        for file in written {
            reporter.done("Would write", seen(file).as_str());
        }
    } else if written.is_empty() {
        reporter.done("Configured", &format!("{name} for {target}: nothing has changed"));
    } else {
        let main = project.generated().join("main.rs");
        reporter.done("Configured", &format!("{name} for {target}: {}", seen(&main)));
    }
    Ok(())
}

/// Says which files were changed by hand, and where they are now.
pub fn tell_kept(project: &Project, configured: &Configured, dry_run: bool, reporter: &Reporter) {
    for Kept { file, spare } in &configured.kept {
        let [file, spare] = [file, spare].map(|path| path.strip_prefix(&project.folder).unwrap_or(path));
        let (is, written) = if dry_run { ("would be", "would be written") } else { ("is", "was written") };
        reporter
            .warn(&format!("`{file}` was changed by hand: that {is} kept as `{spare}`, and the file {written} anew"));
    }
}

/// A path as seen from the current folder.
pub fn seen(path: &Utf8Path) -> &Utf8Path {
    let here = std::env::current_dir().ok();
    let here = here.as_deref().and_then(Utf8Path::from_path);
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}
