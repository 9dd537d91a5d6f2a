//! Finding a project: the package a config.rs belongs to, and every crate it can see.

mod cache;
mod find;
mod load;

pub use cache::Cache;
pub use find::find;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::inputs::Inputs;

/// A package with a config.rs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The package's folder.
    pub folder: Utf8PathBuf,
    /// Its config.rs.
    pub config: Utf8PathBuf,
    /// The folder of the workspace it belongs to; its own if it belongs to none.
    pub workspace: Utf8PathBuf,
    /// Where cargo puts what it makes.
    pub target_dir: Utf8PathBuf,
    /// The package's name.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// The name of the cargo example config.rs is.
    pub example: String,
    /// Every crate of the package and below it that has a library.
    pub crates: Vec<Crate>,
    /// The crates the package sees, its own included, by the names it sees them by; indices into `crates`.
    pub visible: BTreeMap<String, usize>,
    /// What all this was read from.
    pub inputs: Inputs,
}

/// A crate and where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crate {
    /// The package's id, as cargo gives it.
    pub id: String,
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The library's name: `mirage_unix`.
    pub library: String,
    /// Its source as cargo writes it; none for a path.
    pub source: Option<String>,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Its licence, as its manifest says.
    pub license: Option<String>,
}

impl Project {
    /// What `mirage configure` generates.
    pub fn generated(&self) -> Utf8PathBuf {
        self.folder.join("mirage")
    }

    /// What `mirage build` makes.
    pub fn dist(&self) -> Utf8PathBuf {
        self.folder.join("dist")
    }

    /// The names by which the package sees crates.
    pub fn libraries(&self) -> BTreeSet<String> {
        self.visible.keys().cloned().collect()
    }

    /// The crate a path in main.rs means by this name: the one the package sees by it, or else the newest whose
    /// library is called so.
    pub fn find_crate(&self, library: &str) -> Option<&Crate> {
        if let Some(&index) = self.visible.get(library) {
            return self.crates.get(index);
        }
        let named = self.crates.iter().filter(|there| there.library == library);
        named.max_by_key(|there| numbers(&there.version))
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|number| number.parse().ok()).collect()
}
