//! What something was made from, so that it need not be made again while that is unchanged.

use std::collections::BTreeMap;
use std::env;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::hash;

/// Variables of the environment that change what cargo does.
const VARIABLES: [&str; 10] = [
    "CARGO",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOME",
    "HOME",
    "PATH",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
];

/// What the variables begin with that stand for a key of cargo's configuration.
const KEYS: [&str; 3] = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"];

/// Files by their contents, and the surroundings cargo looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The version of `mirage`.
    mirage: String,
    /// A digest of each file; none for one that is not there, and would matter if it were.
    files: BTreeMap<Utf8PathBuf, Option<String>>,
    /// The values of the variables.
    variables: BTreeMap<String, String>,
}

impl Inputs {
    /// These files as they are now.
    pub fn of(files: impl IntoIterator<Item = Utf8PathBuf>) -> Self {
        let files = files.into_iter().map(|file| {
            let digest = hash::of_file(&file).ok();
            (file, digest)
        });
        Self { mirage: env!("CARGO_PKG_VERSION").into(), files: files.collect(), variables: variables().collect() }
    }

    /// Whether all of it is still as it was.
    pub fn unchanged(&self) -> bool {
        *self == Self::of(self.files.keys().cloned())
    }
}

fn variables() -> impl Iterator<Item = (String, String)> {
    let text = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.filter(|(name, _)| VARIABLES.contains(&&**name) || KEYS.iter().any(|key| name.starts_with(key)))
}

/// The files outside a project that change what cargo makes of it: its configuration and the choice of a toolchain, in
/// the folder and all above it and at the user's home, whether or not they are there.
pub fn surroundings(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    const NAMES: [&str; 4] = [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];
    let above = folder.ancestors().flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)));
    let home = |variable: &str, default: &str| {
        let set = env::var(variable).ok().map(Utf8PathBuf::from);
        set.or_else(|| Some(Utf8PathBuf::from(env::var("HOME").ok()?).join(default)))
    };
    let cargo = home("CARGO_HOME", ".cargo").map(|home| home.join("config.toml"));
    let rustup = home("RUSTUP_HOME", ".rustup").map(|home| home.join("settings.toml"));
    above.chain(cargo).chain(rustup).collect()
}

/// The files a dep-info file of cargo names: `target: file file …`, spaces written `\ `.
pub fn dep_info(text: &str) -> Vec<Utf8PathBuf> {
    let mut files: Vec<Utf8PathBuf> = vec![];
    for line in text.lines() {
        let Some((_, list)) = line.split_once(": ") else { continue };
        let mut file = String::new();
        let mut letters = list.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if letters.peek() == Some(&' ') => file.extend(letters.next()),
                ' ' => files.extend(Some(std::mem::take(&mut file)).filter(|file| !file.is_empty()).map(Into::into)),
                letter => file.push(letter),
            }
        }
        files.extend(Some(file).filter(|file| !file.is_empty()).map(Utf8PathBuf::from));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_with_spaces_reads() {
        assert_eq!(dep_info("/a/b: /my\\ dir/x.rs /é.rs\n"), ["/my dir/x.rs", "/é.rs"]);
    }

    #[test]
    fn a_changed_file_and_one_that_appears_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        std::fs::write(file("a"), "1").unwrap();
        let inputs = Inputs::of([file("a"), file("b")]);
        assert!(inputs.unchanged());
        std::fs::write(file("a"), "2").unwrap();
        assert!(!inputs.unchanged());
        std::fs::write(file("a"), "1").unwrap();
        std::fs::write(file("b"), "").unwrap();
        assert!(!inputs.unchanged());
    }
}
