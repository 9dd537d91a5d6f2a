//! A folder for as long as a machine runs.

use std::path::PathBuf;

use camino::Utf8PathBuf;
use tempfile::TempDir;

use crate::error::Error;
use crate::files::cannot_write;

/// The longest path a socket can have is 107 bytes (unix(7)).
const LONGEST: usize = 80;

/// Where a monitor listens and what it reads: a folder of our own.
#[derive(Debug)]
pub struct Folder {
    _folder: TempDir,
    path: Utf8PathBuf,
}

impl Folder {
    /// A new one, which nobody else may look into; gone when dropped.
    ///
    /// # Errors
    /// [`Exit::CannotWrite`](crate::error::Exit::CannotWrite).
    pub fn new() -> Result<Self, Error> {
        let usual = std::env::temp_dir();
        let place = if usual.as_os_str().len() > LONGEST { PathBuf::from("/tmp") } else { usual };
        let shown = Utf8PathBuf::from(place.to_string_lossy().into_owned());
        let folder = tempfile::Builder::new().prefix("mirage-").tempdir_in(&place);
        let folder = folder.map_err(|error| cannot_write(&shown, &error))?;
        let path = Utf8PathBuf::from(folder.path().to_string_lossy().into_owned());
        Ok(Self { _folder: folder, path })
    }

    /// Where it is.
    #[cfg(test)]
    pub fn path(&self) -> &camino::Utf8Path {
        &self.path
    }

    /// The socket.
    pub fn socket(&self) -> Utf8PathBuf {
        self.path.join("control")
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> Utf8PathBuf {
        self.path.join(name)
    }
}
