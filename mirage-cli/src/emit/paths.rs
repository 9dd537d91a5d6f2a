//! Paths as a generated file in `mirage/` writes them.

use camino::{Utf8Path, Utf8PathBuf};

/// `path` as seen from `folder`: relative when both are in `workspace`, which moves as a whole, and else from the root.
pub fn seen_from(folder: &Utf8Path, path: &Utf8Path, workspace: &Utf8Path) -> Utf8PathBuf {
    if !(folder.starts_with(workspace) && path.starts_with(workspace)) {
        return path.to_owned();
    }
    let common = folder.components().zip(path.components()).take_while(|(left, right)| left == right).count();
    let up = folder.components().skip(common).map(|_| "..");
    let down = path.components().skip(common).map(|component| component.as_str());
    up.chain(down).collect()
}

/// A path without the `..` and `.` in it, as far as that can be said without looking.
pub fn tidy(path: &Utf8Path) -> Utf8PathBuf {
    let mut tidied = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            camino::Utf8Component::ParentDir => _ = tidied.pop(),
            camino::Utf8Component::CurDir => {}
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_within_the_workspace_only() {
        let seen = |path: &str| seen_from("/w/examples/a/mirage".into(), path.into(), "/w".into());
        assert_eq!(seen("/w/examples/a"), "..");
        assert_eq!(seen("/w/runtime/mirage"), "../../../runtime/mirage");
        assert_eq!(seen("/elsewhere"), "/elsewhere");
    }

    #[test]
    fn dots_go() {
        assert_eq!(tidy("/a/b/../c/./d".into()), "/a/c/d");
    }
}
