//! What was found out about a project the last time, by which a warm `mirage configure` starts no other program.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::Project;
use crate::files;
use crate::graph::Graph;
use crate::inputs::Inputs;

/// What is kept in `mirage/cache.json`; it can be lost at any time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cache {
    /// The project.
    pub project: Project,
    /// What config.rs was compiled from.
    pub inputs: Inputs,
    /// What config.rs said.
    pub graph: Graph,
}

impl Cache {
    fn file(folder: &Utf8Path) -> Utf8PathBuf {
        folder.join("mirage/cache.json")
    }

    /// What is kept of the project in this folder; none if nothing is, or by another `mirage`.
    pub fn load(folder: &Utf8Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(Self::file(folder)).ok()?).ok()
    }

    /// Keeps it. Where it cannot be written nothing is lost but time.
    pub fn store(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            _ = fs::create_dir_all(self.project.generated());
            _ = files::replace(&Self::file(&self.project.folder), text.as_bytes());
        }
    }
}
