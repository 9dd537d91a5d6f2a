//! Replays the fuzz targets' corpus: what they start from, and what they have found.

#[allow(dead_code, reason = "each test uses its part of it")]
mod check;

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in folder.read_dir().expect("a corpus") {
        let path = entry.expect("a file").path();
        println!("{}", path.display());
        check(&std::fs::read(path).expect("a file"));
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
}

#[test]
fn requests() {
    replay("requests", check::requests);
}

#[test]
fn responses() {
    replay("responses", check::responses);
}

#[test]
fn chunks() {
    replay("chunks", check::chunks);
}
