//! Where a new project has the runtime's crates from.

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::{Error, Exit};

/// Where the runtime's crates are.
pub enum Runtime {
    /// In a checkout.
    Checkout(Utf8PathBuf),
    /// In the registry, in this tool's version.
    Registry,
}

/// Where each crate is in a checkout.
const CRATES: [(&str, &str); 4] = [
    ("mirage", "runtime/mirage"),
    ("mirage-config", "runtime/config"),
    ("mirage-http", "runtime/http"),
    ("mirage-test", "runtime/testing"),
];

impl Runtime {
    /// The checkout that is given, or the one this tool was built from if it is still there, or the registry.
    ///
    /// # Errors
    /// When the folder given is no checkout.
    pub fn find(given: Option<&Utf8Path>) -> Result<Self, Error> {
        let is_checkout = |folder: &Utf8Path| CRATES.iter().all(|(_, place)| folder.join(place).is_dir());
        if let Some(folder) = given {
            let found = folder.canonicalize_utf8().ok().filter(|folder| is_checkout(folder));
            return found.map(Self::Checkout).ok_or_else(|| {
                Error::new(Exit::Usage, format!("`{folder}` is not a checkout of Mirage"))
                    .hint("`--runtime` wants the folder that holds `runtime/mirage`")
            });
        }
        let built_from = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        Ok(built_from
            .filter(|folder| is_checkout(folder))
            .map_or(Self::Registry, |folder| Self::Checkout(folder.into())))
    }

    /// A crate as a manifest has it: `{ path = "…" }` or a version.
    pub fn dependency(&self, name: &str) -> String {
        let place = CRATES.iter().find(|(there, _)| *there == name).map(|(_, place)| place);
        match (self, place) {
            (Self::Checkout(folder), Some(place)) => {
                let path = toml_edit::Value::from(folder.join(place).into_string());
                format!("{{ path = {path} }}")
            }
            _ => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }
}
