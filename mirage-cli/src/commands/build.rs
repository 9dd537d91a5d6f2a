//! `mirage build`.

use std::fs;

use super::configure::{seen, tell_kept};
use super::print_json;
use crate::build::{self, Options};
use crate::cli::{Keys, Subject};
use crate::configure::{self, Configured};
use crate::error::Error;
use crate::image::Image;
use crate::project::Project;
use crate::report::{Format, Reporter};

/// Builds the image.
pub fn build(subject: &Subject, keys: Keys, profile: &str, dry_run: bool, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let Built { configured, image } = prepare(&project, subject, keys, profile, dry_run, reporter)?;
    let size = fs::metadata(&image.file).map(|file| file.len()).unwrap_or_default();
    if reporter.format() == Format::Json {
        return print_json(&serde_json::json!({
            "name": configured.plan.name,
            "target": configured.plan.target,
            "image": image.file,
            "debug": image.debug,
            "manifest": image.manifest,
            "config": image.config,
            "size": size,
        }));
    }
    let file = seen(&image.file);
    if dry_run {
        reporter.done("Would build", &format!("{file} for {}", configured.plan.target));
    } else {
        reporter.done("Built", &format!("{file} for {} ({} kB)", configured.plan.target, size.div_ceil(1000)));
    }
    Ok(())
}

/// A configured project and its image.
pub struct Built {
    /// What it is configured to.
    pub configured: Configured,
    /// Where its image is; with `dry_run`, where it would be.
    pub image: Image,
}

/// Configures and builds what has changed.
pub fn prepare(
    project: &Project,
    subject: &Subject,
    keys: Keys,
    profile: &str,
    dry_run: bool,
    reporter: &Reporter,
) -> Result<Built, Error> {
    let request = subject.request(keys, true, dry_run);
    let configured = configure::configure(project, &request, subject.evaluation(), reporter)?;
    tell_kept(project, &configured, dry_run, reporter);
    let image = if dry_run {
        Image::new(project, &configured.plan)?
    } else {
        let options = Options { cargo: subject.cargo(), profile: profile.to_owned() };
        build::build(project, &configured, &options, reporter)?
    };
    Ok(Built { configured, image })
}
