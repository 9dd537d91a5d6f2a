//! The tests that src/tcp/RULES.md names are there.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_rule_has_its_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    ["src", "tests"].iter().for_each(|folder| sources(&here.join(folder), &mut paths));
    let text: String = paths.iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    let table = fs::read_to_string(here.join("src/tcp/RULES.md")).expect("the table");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    for row in rows {
        let names: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(text.contains(&format!("fn {name}(")), "there is no test `{name}`");
        }
    }
}
