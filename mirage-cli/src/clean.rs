//! `mirage clean`: takes away what was generated, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::Error;
use crate::files::{self, Lock, cannot_write};
use crate::hash;
use crate::project::Project;
use crate::report::Reporter;
use crate::state::State;

/// What was taken away and what was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// The files and folders that are gone, or would be.
    pub removed: Vec<Utf8PathBuf>,
    /// Files in the same folders that were not generated, or were changed since.
    pub left: Vec<Utf8PathBuf>,
}

/// Files in `mirage/` that are nobody's work even when they are not as they were written: cargo and `mirage` change them.
const OURS: [&str; 3] = [State::FILE, "cache.json", "Cargo.lock"];

/// Removes what `configure` and `build` made; with `dry_run` only says what that is.
///
/// # Errors
/// When a file cannot be removed.
pub fn clean(project: &Project, dry_run: bool, reporter: &Reporter) -> Result<Cleaned, Error> {
    let _lock = if dry_run { None } else { Some(Lock::take(&project.target_dir, &project.folder, reporter)?) };
    let state = State::load(&project.folder).unwrap_or_default();
    let mut cleaned = Cleaned::default();
    let nobodys = if project.generated().join(State::FILE).is_file() { &OURS[..] } else { &OURS[..2] };
    folder(&project.dist(), &state.built, &[], dry_run, &mut cleaned)?;
    folder(&project.generated(), &state.generated, nobodys, dry_run, &mut cleaned)?;
    for left in files::abandoned(&project.folder) {
        if !dry_run {
            fs::remove_dir_all(&left).map_err(|error| cannot_write(&left, &error))?;
        }
        cleaned.removed.push(left);
    }
    Ok(cleaned)
}

fn folder(
    folder: &Utf8Path,
    made: &BTreeMap<String, String>,
    nobodys: &[&str],
    dry_run: bool,
    cleaned: &mut Cleaned,
) -> Result<(), Error> {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot_write(folder, &error)),
    };
    let (mut ours, mut left): (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) =
        entries.filter_map(|entry| Some(entry.ok()?.into_path())).partition(|file| is_ours(file, made, nobodys));
    ours.sort();
    left.sort();
    let empty = left.is_empty();
    cleaned.left.append(&mut left);
    // The state last: whoever is interrupted can clean again.
    ours.sort_by_key(|file| file.file_name() == Some(State::FILE));
    for file in ours {
        if !dry_run {
            fs::remove_file(&file).map_err(|error| cannot_write(&file, &error))?;
        }
        cleaned.removed.push(file);
    }
    if empty {
        if !dry_run {
            fs::remove_dir(folder).map_err(|error| cannot_write(folder, &error))?;
        }
        cleaned.removed.push(folder.to_owned());
    }
    Ok(())
}

fn is_ours(file: &Utf8Path, made: &BTreeMap<String, String>, nobodys: &[&str]) -> bool {
    let name = file.file_name().unwrap_or_default();
    if !file.is_file() {
        return false;
    }
    nobodys.contains(&name)
        || made.get(name).is_some_and(|digest| hash::of_file(file).is_ok_and(|there| there == *digest))
}
