//! What was configured and built the last time, and what came of it: `mirage/state.json`.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::inputs::Inputs;
use crate::plan::Settings;

/// What was done the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What the user chose, for builds to come.
    pub settings: Settings,
    /// A digest of what the generated Cargo.lock was made from.
    pub lock: String,
    /// What was generated: a digest of every file in `mirage/`.
    pub generated: BTreeMap<String, String>,
    /// What was built: a digest of every file in `dist/`.
    pub built: BTreeMap<String, String>,
    /// The cargo profile it was built with.
    pub profile: String,
    /// What it was built from.
    pub inputs: Option<Inputs>,
}

impl State {
    /// The file's name in `mirage/`.
    pub const FILE: &str = "state.json";

    fn file(folder: &Utf8Path) -> Utf8PathBuf {
        folder.join("mirage").join(Self::FILE)
    }

    /// What was done in the project in `folder`; none if it was never configured, or by another `mirage`.
    pub fn load(folder: &Utf8Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(Self::file(folder)).ok()?).ok()
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default(); // maps of strings: it cannot fail
        text + "\n"
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn store(&self, folder: &Utf8Path) -> Result<(), Error> {
        files::replace(&Self::file(folder), self.text().as_bytes())
    }
}
