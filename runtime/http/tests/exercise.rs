//! Replays the corpus of the fuzz target `message`.

#[test]
fn messages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    for entry in folder.read_dir().expect("a corpus") {
        mirage_http::exercise::messages(&std::fs::read(entry.expect("a file").path()).expect("a file"));
    }
}
