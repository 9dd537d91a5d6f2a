//! What a person reads: the generated files, `describe` in its forms, and the help pages, of every example and command.
//!
//! `SNAPSHOTS=overwrite cargo test -p mirage-e2e --test golden` writes them anew; read the difference before it is
//! committed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mirage_e2e::{Outcome, mirage, root};
use snapbox::{Data, assert_data_eq};

const EXAMPLES: [&str; 3] = ["hello", "http", "knocking"];

const TARGETS: [&str; 3] = ["unix", "kvm", "xen"];

const COMMANDS: [&str; 11] =
    ["build", "clean", "completions", "configure", "depend", "describe", "doctor", "man", "new", "query", "run"];

fn golden(file: &str) -> Data {
    let path: PathBuf = root().join("tests/golden").join(file);
    // As it is: snapbox would take a backslash for a path's, and let `\n` in a label of Graphviz pass for `/n`.
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw()
}

/// What the tool prints of an example.
fn print(arguments: &[&str], example: &str) -> String {
    let root = root();
    let mut command = mirage(&root);
    command.args(arguments).arg(format!("examples/{example}")).arg("--quiet");
    Outcome::of(&mut command).ends_with(0).out
}

/// What a tool formats it as.
fn rustfmt(source: &str) -> String {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--emit", "stdout", "--quiet", "--config", "max_width=120"]);
    command.args(["--config", "use_small_heuristics=Max"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("rustfmt is there");
    child.stdin.take().expect("a pipe").write_all(source.as_bytes()).expect("it reads");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text")
}

/// The ways the examples can be configured, by name: those of the talk.
const CONFIGURATIONS: [(&str, &[&str], &[&str]); 6] = [
    ("unix", &["-t", "unix"], &EXAMPLES),
    ("unix-direct", &["-t", "unix", "--net", "direct"], &["http", "knocking"]),
    ("unix-direct-static", &["-t", "unix", "--net", "direct", "--ip", "static"], &["knocking"]),
    ("unix-direct-dhcp", &["-t", "unix", "--net", "direct", "--dhcp"], &["knocking"]),
    ("kvm", &["-t", "kvm"], &EXAMPLES),
    ("xen", &["-t", "xen"], &EXAMPLES),
];

#[test]
fn main_rs_and_the_manifest_beside_it_read_as_a_person_would_have_written_them() {
    for (name, arguments, examples) in CONFIGURATIONS {
        for example in examples {
            let main = print(&[&["query", "main"], arguments].concat(), example);
            assert_data_eq!(main.clone(), golden(&format!("{example}.{name}.main.rs")));
            assert_eq!(rustfmt(&main), main, "as rustfmt would have it");
            let manifest = print(&[&["query", "manifest"], arguments].concat(), example);
            assert_data_eq!(manifest, golden(&format!("{example}.{name}.Cargo.toml")));
        }
    }
}

#[test]
fn the_graph_as_text_for_graphviz_as_a_picture_and_as_json() {
    for (example, target) in EXAMPLES.iter().flat_map(|example| TARGETS.map(|target| (example, target))) {
        let print = |arguments: &[&str]| print(&[&["describe", "-t", target], arguments].concat(), example);
        let golden = |extension: &str| golden(&format!("{example}.{target}.{extension}"));
        assert_data_eq!(print(&[]), golden("txt"));
        assert_data_eq!(print(&["--dot"]), golden("dot"));
        assert_data_eq!(print(&["--svg"]), golden("svg"));
        let value: serde_json::Value = serde_json::from_str(&print(&["--json"])).expect("JSON");
        let pretty = serde_json::to_string_pretty(&value).expect("JSON") + "\n";
        assert_data_eq!(pretty, golden("json"));
    }
}

#[test]
fn our_own_stack_layer_by_layer() {
    let print =
        |arguments: &[&str]| print(&[&["describe", "-t", "unix", "--net", "direct"], arguments].concat(), "http");
    assert_data_eq!(print(&[]), golden("http.unix-direct.txt"));
    assert_data_eq!(print(&["--svg"]), golden("http.unix-direct.svg"));
}

#[test]
fn what_a_target_does_not_have_is_said_plainly() {
    let root = root();
    for target in ["kvm", "xen"] {
        let mut command = mirage(&root);
        command.args(["configure", "--dry-run", "--quiet", "examples/http", "-t", target, "--net", "socket"]);
        let outcome = Outcome::of(&mut command).ends_with(65);
        assert_data_eq!(outcome.err, golden(&format!("http.{target}-socket.error.txt")));
    }
}

#[test]
fn help_pages() {
    let root = root();
    let page = |arguments: &[&str]| Outcome::of(mirage(&root).args(arguments)).ends_with(0).out;
    assert_data_eq!(page(&["--help"]), golden("help/mirage.txt"));
    for command in COMMANDS {
        // Out of any project, so that there are no keys.
        let mut help = mirage(std::path::Path::new("/"));
        let help = Outcome::of(help.args([command, "-h"])).ends_with(0).out;
        assert!(help.contains("Examples:"), "examples in the help of `{command}`");
        assert_data_eq!(help, golden(&format!("help/{command}.txt")));
    }
    assert_data_eq!(page(&["configure", "examples/http", "-h"]), golden("help/configure-http.txt"));
    for example in EXAMPLES {
        Outcome::of(mirage(&root).args(["build", "-q", "-t", "unix"]).arg(format!("examples/{example}"))).ends_with(0);
        let image = print(&["query", "image", "-t", "unix"], example);
        let help = Outcome::of(Command::new(image.trim()).arg("--help")).ends_with(0).out;
        assert_data_eq!(help, golden(&format!("{example}.unix.help.txt")));
    }
}
