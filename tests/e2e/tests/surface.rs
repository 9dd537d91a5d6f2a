//! The tool's manners: formats, colours, verbosity, what goes where, completions, manuals, the doctor.

use std::path::Path;
use std::process::{Command, Stdio};

use mirage_e2e::{Outcome, Project, have, mirage, root, skip, tool};
use serde_json::Value;

fn call(folder: &Path, arguments: &[&str]) -> Outcome {
    Outcome::of(mirage(folder).args(arguments))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn results_and_errors_are_json_when_asked_for() {
    let project = Project::new("e2e-json", "hello");
    let configured = project.call(&["configure", "--format", "json"]).ends_with(0);
    assert_eq!(configured.err, "", "nothing but the result");
    assert_eq!(json(&configured.out)["target"], "unix");
    let built = json(&project.call(&["build", "--format=json"]).ends_with(0).out);
    assert!(built["image"].as_str().expect("a path").ends_with("dist/e2e-json"));
    let manifest = json(&project.read("dist/e2e-json.json"));
    assert_eq!((&manifest["name"], &manifest["target"]), (&"e2e-json".into(), &"unix".into()));
    let described = json(&project.call(&["describe", "--json"]).ends_with(0).out);
    assert_eq!(described["graph"]["name"], "e2e-json");
    let facts = json(&project.call(&["query", "devices", "--format", "json"]).ends_with(0).out);
    assert_eq!(facts[1][0], "console1");

    let fetched = json(&project.call(&["depend", "--dry-run", "--format", "json"]).ends_with(0).out);
    assert!(fetched["crates"].as_u64().expect("a number") > 0);
    let run = json(&project.call(&["run", "--dry-run", "--format", "json", "--", "--logs", "off"]).ends_with(0).out);
    assert!(run["command"][0].as_str().expect("a path").ends_with("dist/e2e-json"));
    assert_eq!((&run["command"][1], &run["command"][2]), (&"--logs".into(), &"off".into()));
    let removed = json(&project.call(&["clean", "--dry-run", "--format", "json"]).ends_with(0).out);
    assert!(removed["removed"].as_array().expect("files").len() > 5, "{removed}");

    project.write("config.rs", "fn main() { panic!(\"no idea\") }\n");
    let failed = project.call(&["configure", "--format", "json"]).ends_with(65);
    let error = json(&failed.err);
    assert_eq!((&error["level"], &error["exit"]), (&"error".into(), &65.into()));
    assert!(error["message"].as_str().expect("a message").ends_with("/config.rs` panicked: no idea"), "{error}");
    assert_eq!(error["places"][0]["line"], 1);
}

#[test]
fn a_dry_run_of_what_needs_no_project_writes_nothing_either() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = root().display().to_string();
    let call = |arguments: &[&str]| call(folder.path(), &[arguments, &["--dry-run"]].concat());
    call(&["new", "hello", "--runtime", &root]).ends_with(0).says(&["Would write hello/config.rs"]);
    let new = call(&["new", "hello", "--runtime", &root, "--format", "json"]).ends_with(0);
    assert_eq!(json(&new.out)["written"][0], "hello/config.rs");
    call(&["man", "--dir", "man"]).ends_with(0).says(&["Would write man/mirage-configure.1"]);
    let man = call(&["man", "--dir", "man", "--format", "json"]).ends_with(0);
    assert_eq!(json(&man.out)["written"][0], "man/mirage.1");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn quiet_is_quiet_and_data_goes_to_standard_output() {
    let project = Project::new("e2e-quiet", "hello");
    let outcome = project.call(&["build", "--quiet"]).ends_with(0);
    assert_eq!((outcome.out.as_str(), outcome.err.as_str()), ("", ""));
    let outcome = project.call(&["query", "name"]).ends_with(0);
    assert_eq!((outcome.out.as_str(), outcome.err.as_str()), ("e2e-quiet\n", ""));
    for (fact, part) in [
        ("main", "mirage_unix::main!(\"e2e-quiet\", ARGUMENTS, start);"),
        ("manifest", "name = \"e2e-quiet-unix\""),
        ("target", "unix"),
        ("version", "0.1.0"),
        ("packages", "mirage-unix\t0.1.0"),
        ("devices", "console1\tmirage_unix::Stdio\tconfig.rs:4"),
        ("graph", "\"schema\":1"),
        ("plan", "\"variable\":\"console1\""),
        ("image", "dist/e2e-quiet"),
        ("keys", ""),
        ("arguments", ""),
    ] {
        let said = project.call(&["query", fact]).ends_with(0).out;
        assert!(said.contains(part), "{part:?} in {said}");
    }
    project.call(&["query", "nmae"]).ends_with(64).says(&["nmae", "name"]);
}

#[test]
fn colours_follow_the_option() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(call(folder.path(), &["build", "--color", "always"]).ends_with(66).err.contains("\u{1b}["));
    assert!(!call(folder.path(), &["build", "--color", "never"]).ends_with(66).err.contains('\u{1b}'));
    assert!(!call(folder.path(), &["build"]).ends_with(66).err.contains('\u{1b}'), "not a terminal");
    assert!(call(folder.path(), &["build", "--help", "--color=always"]).ends_with(0).out.contains("\u{1b}["));
}

#[test]
fn a_terminal_shows_progress_that_leaves_plain_lines() {
    if !have("script") {
        return skip("progress on a terminal", "wants `script`, of util-linux or bsdutils");
    }
    let project = Project::new("e2e-terminal", "hello");
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("'{}' configure", tool().display()))
        .arg("/dev/null");
    command.current_dir(project.folder()).stdin(Stdio::null()).env("CARGO_TARGET_DIR", mirage_e2e::target());
    command.env("TERM", "xterm-256color").env_remove("CI").env_remove("NO_COLOR");
    let said = Outcome::of(&mut command).ends_with(0).out;
    assert!(said.contains("\u{1b}[1m\u{1b}[32m   Compiling") || said.contains("Compiling"), "{said:?}");
    assert!(said.contains("Configured") && said.contains("e2e-terminal for unix"), "{said:?}");
}

#[test]
fn nonsense_on_the_command_line_is_refused_with_a_way_out() {
    let root = root();
    call(&root, &["biuld"]).ends_with(64).says(&["biuld", "build"]);
    call(&root, &[]).ends_with(64).says(&["Usage: mirage"]);
    call(&root, &["build"]).ends_with(66).says(&["no config.rs"]);
    call(&root, &["build", "--qiuet"]).ends_with(64).says(&["--qiuet", "--quiet"]);
    call(&root, &["build", "examples/hello", "--qiuet"]).ends_with(64).says(&["--qiuet", "--quiet"]);
    call(&root, &["build", "examples/hello", "--unix", "--kvm"]).ends_with(64).says(&["cannot be used with"]);
    call(&root, &["configure", "examples/hello", "--timeout", "0"]).ends_with(64).says(&["1 to 86400"]);
    call(&root, &["completions", "tcsh"]).ends_with(64).says(&["tcsh"]);
}

#[test]
fn completions_for_every_shell_and_a_manual_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(call(folder.path(), &["completions", shell]).ends_with(0).out.contains("configure"), "{shell}");
    }
    let bash = call(folder.path(), &["completions", "bash"]).ends_with(0).out;
    let script = folder.path().join("mirage.bash");
    std::fs::write(&script, bash).expect("a file");
    Outcome::of(Command::new("bash").arg("-n").arg(&script)).ends_with(0);
    assert!(call(folder.path(), &["man"]).ends_with(0).out.contains(".TH mirage 1"));
    call(folder.path(), &["man", "--dir", "man"]).ends_with(0);
    let pages: Vec<_> = std::fs::read_dir(folder.path().join("man")).expect("a folder").collect();
    assert_eq!(pages.len(), 12, "one for each command, and one for all");
}

#[test]
fn the_doctor_says_what_there_is_and_what_is_not() {
    let root = root();
    let all = call(&root, &["doctor"]).ends_with(0).out;
    for part in ["unix, an ordinary executable for this machine: can be built and run", "cargo 1.", "rustc 1."] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
    assert!(!all.contains("not built by this version yet"), "{all}");
    call(&root, &["doctor", "-t", "unix"]).ends_with(0);
    let checks = json(&call(&root, &["doctor", "--format", "json"]).ends_with(0).out);
    assert_eq!(checks[1]["target"], "unix");
    // A machine without a linker.
    let empty = tempfile::tempdir().expect("a folder");
    let mut lacking = mirage(&root);
    let lacking = Outcome::of(lacking.arg("doctor").env("PATH", empty.path())).ends_with(69);
    assert!(lacking.out.contains("missing") && lacking.out.contains("rustup"), "{}", lacking.out);
}
