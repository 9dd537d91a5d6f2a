//! Writing the generated files: those that changed, all of them or none, and none over what someone changed by hand.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::lock;
use crate::cargo::Cargo;
use crate::error::Error;
use crate::files::{Lock, Staging, cannot_write};
use crate::hash;
use crate::plan::Settings;
use crate::process;
use crate::project::Project;
use crate::report::Reporter;
use crate::state::State;

/// What was written.
pub struct Outcome {
    /// The files written.
    pub written: Vec<Utf8PathBuf>,
    /// What was found changed by hand.
    pub kept: Vec<Kept>,
}

/// A generated file that someone changed by hand.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file, which is written anew.
    pub file: Utf8PathBuf,
    /// Where what was in it is now.
    pub spare: Utf8PathBuf,
}

/// Writes what differs from what is there.
///
/// # Errors
/// When something cannot be written; then nothing was.
pub fn write(
    project: &Project,
    settings: &Settings,
    files: &BTreeMap<&'static str, String>,
    cargo: Cargo,
    dry_run: bool,
    reporter: &Reporter,
) -> Result<Outcome, Error> {
    let folder = project.generated();
    let _lock = if dry_run { None } else { Some(Lock::take(&project.target_dir, &project.folder, reporter)?) };
    let before = State::load(&project.folder);
    let there = |name: &str| fs::read(folder.join(name)).ok().map(hash::of);
    let mut changed: Vec<&str> = vec![];
    for (name, text) in files {
        if there(name) != Some(hash::of(text)) {
            changed.push(name);
        }
    }
    let fingerprint = lock::fingerprint(project, files.get("Cargo.toml").map_or("", String::as_str));
    let recorded = |name: &str| before.as_ref().and_then(|state| state.generated.get(name)).cloned();
    let locked = before.as_ref().is_some_and(|state| state.lock == fingerprint);
    let relock = !locked || there("Cargo.lock").is_none() || there("Cargo.lock") != recorded("Cargo.lock");
    let same = before.as_ref().is_some_and(|state| state.settings == *settings);
    if changed.is_empty() && !relock && same {
        return Ok(Outcome { written: vec![], kept: vec![] });
    }
    // A file that is neither what was written the last time nor what is to be written is someone's work.
    let by_hand = |name: &&str| there(name).is_some_and(|digest| Some(digest) != recorded(name));
    let edited: Vec<&str> = changed.iter().copied().filter(by_hand).collect();
    if dry_run {
        let kept = edited.iter().map(|name| Kept { file: folder.join(name), spare: spare(&folder, name) }).collect();
        let lock = relock.then_some("Cargo.lock");
        let written = changed.iter().copied().chain(lock).map(|name| folder.join(name)).collect();
        return Ok(Outcome { written, kept });
    }

    let step = reporter.step("Writing", "mirage/main.rs");
    let staging = Staging::new(&project.folder)?;
    let mut state = State { settings: settings.clone(), lock: fingerprint, ..before.clone().unwrap_or_default() };
    for (name, text) in files {
        staging.write(name, text)?;
        state.generated.insert((*name).into(), hash::of(text));
    }
    if relock {
        let text = lock::make(project, staging.path(), cargo, reporter)?;
        state.generated.insert("Cargo.lock".into(), hash::of(text));
        changed.push("Cargo.lock");
    }
    staging.write(State::FILE, state.text())?;
    process::check()?;
    // From here on only names change.
    let mut kept = vec![];
    for name in edited {
        let (file, spare) = (folder.join(name), spare(&folder, name));
        fs::rename(&file, &spare).map_err(|error| cannot_write(&spare, &error))?;
        kept.push(Kept { file, spare });
    }
    staging.commit(&folder, changed.iter().copied().chain([State::FILE]))?;
    step.done();
    Ok(Outcome { written: changed.into_iter().map(|name| folder.join(name)).collect(), kept })
}

/// The first of `main.rs.edited`, `main.rs.edited-2` … that is free.
fn spare(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    let first = folder.join(format!("{name}.edited"));
    let more = (2..).map(|count| folder.join(format!("{name}.edited-{count}")));
    std::iter::once(first).chain(more).find(|file| !file.exists()).unwrap_or_else(|| folder.join("edited"))
}
