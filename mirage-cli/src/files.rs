//! Writing files so that nobody ever sees half of one, and so that two `mirage` do not write at once.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{Builder, TempDir};

use crate::error::{Error, Exit};
use crate::hash;
use crate::process;
use crate::report::Reporter;

/// What the names of files that are being written begin with.
const PREFIX: &str = ".mirage-";

/// Replaces a file, or makes it: whole or not at all.
///
/// # Errors
/// [`Exit::CannotWrite`] naming the file.
pub fn replace(file: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Utf8Path::new("."));
        // Any user's right but what the umask takes, as for every other file.
        let mut new = Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
        new.write_all(bytes)?;
        new.persist(file)?;
        Ok(())
    };
    write().map_err(|error| cannot_write(file, &error))
}

/// [`Exit::CannotWrite`], naming the file and saying what may be the matter.
pub fn cannot_write(file: &Utf8Path, error: &io::Error) -> Error {
    let what = Error::new(Exit::CannotWrite, format!("cannot write `{file}`: {}", plain(error)));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => what.hint("make room on that disk and try again"),
        io::ErrorKind::ReadOnlyFilesystem => what.hint("that disk is mounted read-only"),
        io::ErrorKind::NotFound => what.hint("the folder it is to be in is not there: make that first"),
        io::ErrorKind::PermissionDenied => what.hint("the folder belongs to someone else, or is read-only"),
        _ => what,
    }
}

/// An error of the system in lower case, without its number and without the path tempfile adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at path ").next().unwrap_or(&text);
    text.split(" (os error").next().unwrap_or(text).to_lowercase()
}

/// A folder beside the one files are to end up in, so that paths relative to it hold, gone when dropped.
#[derive(Debug)]
pub struct Staging {
    folder: TempDir,
    path: Utf8PathBuf,
}

impl Staging {
    /// A new one in `parent`.
    ///
    /// # Errors
    /// [`Exit::CannotWrite`].
    pub fn new(parent: &Utf8Path) -> Result<Self, Error> {
        let made = Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o777)).tempdir_in(parent);
        let folder = made.map_err(|error| cannot_write(parent, &error))?;
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned())
            .map_err(|path| Error::new(Exit::CannotWrite, format!("`{}` is not UTF-8", path.display())))?;
        Ok(Self { folder, path })
    }

    /// The folder.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Writes a file into it.
    ///
    /// # Errors
    /// [`Exit::CannotWrite`].
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        let file = self.path.join(name);
        fs::write(&file, bytes).map_err(|error| cannot_write(&file, &error))
    }

    /// Moves files from it into `folder`, which is on the same disk: nothing that may fail is left to do then.
    ///
    /// # Errors
    /// [`Exit::CannotWrite`].
    pub fn commit<'a>(self, folder: &Utf8Path, names: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        for name in names {
            let file = folder.join(name);
            fs::rename(self.path.join(name), &file).map_err(|error| cannot_write(&file, &error))?;
        }
        self.folder.close().map_err(|error| cannot_write(&self.path, &error))
    }
}

/// Folders a `mirage` that was killed left in `folder`.
pub fn abandoned(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().into_iter().flatten().filter_map(Result::ok);
    let left = entries.filter(|entry| entry.file_name().starts_with(PREFIX) && entry.path().is_dir());
    left.map(|entry| entry.into_path()).collect()
}

/// Held while a project's generated files are written.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other `mirage` writes in `folder`.
    ///
    /// # Errors
    /// [`Exit::CannotWrite`], or [`Exit::Interrupted`] while waiting.
    pub fn take(target_dir: &Utf8Path, folder: &Utf8Path, reporter: &Reporter) -> Result<Self, Error> {
        let locks = target_dir.join("mirage");
        fs::create_dir_all(&locks).map_err(|error| cannot_write(&locks, &error))?;
        let name = locks.join(format!("{}.lock", &hash::of(folder.as_str())[..16]));
        let file = File::create(&name).map_err(|error| cannot_write(&name, &error))?;
        let mut waiting = None;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => {
                    waiting.get_or_insert_with(|| reporter.step("Waiting", "for another `mirage` in this project"));
                    process::check()?;
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::Error(error)) => return Err(cannot_write(&name, &error)),
            }
        }
    }
}
