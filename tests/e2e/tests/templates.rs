//! New projects, from every template: configured, built, run and tested with no edit.

use std::process::Command;

use mirage_e2e::{Outcome, Project, Unikernel, free_port, get, mirage, root, target};

/// A cargo command on a project, as its user would call it.
fn cargo(project: &Project, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(project.folder()).args(arguments).env("CARGO_TARGET_DIR", target());
    Outcome::of(&mut command)
}

fn image(project: &Project) -> std::path::PathBuf {
    project.call(&["query", "image"]).ends_with(0).out.trim().into()
}

#[test]
fn hello_is_built_run_and_tested_unedited() {
    let project = Project::new("e2e-hello", "hello");
    let said = project.call(&["configure", "-t", "unix"]).ends_with(0).err;
    assert!(said.contains("Configured e2e-hello for unix: mirage/main.rs"), "{said}");
    project.call(&["build"]).ends_with(0).says(&["Built dist/e2e-hello for unix"]);
    let run = project.call(&["run", "--quiet"]).ends_with(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("hello\nhello\nhello\nhello\ngoodbye\n", ""));
    let tested = cargo(&project, &["test", "--quiet"]).ends_with(0).out;
    assert!(tested.contains("1 passed"), "{tested}");
    // Editors and clippy see config.rs as the cargo target it is.
    cargo(&project, &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]).ends_with(0);
    let files = project.files();
    let generated =
        ["dist/e2e-hello", "dist/e2e-hello.debug", "dist/e2e-hello.json", "mirage/main.rs", "mirage/Cargo.toml"];
    for file in generated {
        assert!(files.iter().any(|there| there == file), "{file} in {files:?}");
    }
    project.call(&["clean"]).ends_with(0);
    let left = ["Cargo.toml", "README.md", ".gitignore", "config.rs", "tests/hello.rs", "unikernel.rs"];
    assert_eq!(project.files().len(), left.len(), "{:?}", project.files());
}

#[test]
fn http_is_built_run_and_tested_unedited() {
    let project = Project::new("e2e-http", "http");
    project.call(&["build", "--unix"]).ends_with(0);
    let port = free_port();
    let mut server = Unikernel::start(&image(&project), &[&format!("--http-port={port}"), "--listen=127.0.0.1"]);
    server.wait_for(&format!("serving HTTP on port {port}"));
    let page = get(&["-i", &format!("http://127.0.0.1:{port}/")]).expect("a page");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Hello from a unikernel!"), "{page}");
    assert_eq!(cargo(&project, &["test", "--quiet"]).ends_with(0).out.matches("4 passed").count(), 1);
}

#[test]
fn knocking_is_built_and_tested_unedited() {
    let project = Project::new("e2e-knocking", "knocking");
    project.call(&["build"]).ends_with(0);
    let help = Outcome::of(Command::new(image(&project)).arg("--help")).ends_with(0).out;
    assert!(help.starts_with("Usage: e2e-knocking [OPTIONS]\n"), "{help}");
    assert!(cargo(&project, &["test", "--quiet"]).ends_with(0).out.contains("38 passed"));
}

#[test]
fn a_path_may_have_spaces_and_other_letters() {
    let project = Project::within("ein Büro/ポート", "e2e-odd-path", "hello");
    project.call(&["build"]).ends_with(0).says(&["Built dist/e2e-odd-path"]);
    let outcome = Outcome::of(mirage(&root()).arg("run").arg("--quiet").arg(project.folder())).ends_with(0);
    assert!(outcome.out.starts_with("hello\n"), "{}", outcome.out);
    // Retargeting is the same application: nothing was written outside of `mirage/` and `dist/`.
    let others = project.files().into_iter().filter(|file| !file.starts_with("mirage/") && !file.starts_with("dist/"));
    assert_eq!(others.count(), 6);
}

#[test]
fn the_config_may_be_given_by_its_path_as_in_the_talk() {
    let project = Project::within("app", "e2e-by-path", "hello");
    let above = project.folder().parent().expect("a folder above");
    let outcome = Outcome::of(mirage(above).args(["configure", "e2e-by-path/config.rs", "--unix"])).ends_with(0);
    assert!(outcome.err.contains("e2e-by-path/mirage/main.rs"), "{}", outcome.err);
}

#[test]
fn names_are_checked_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |arguments: &[&str]| Outcome::of(mirage(folder.path()).arg("new").args(arguments));
    new(&["Hello"]).ends_with(64).says(&["cannot be called `Hello`", "hint: `hello` would do"]);
    new(&["hello", "--template", "htpp"]).ends_with(64).says(&["no template `htpp`", "`hello`, `http`, `knocking`"]);
    std::fs::write(folder.path().join("hello"), "mine").expect("a file");
    new(&["hello"]).ends_with(73).says(&["`hello` is there already"]);
    new(&["other", "--runtime", "nowhere"]).ends_with(64).says(&["`nowhere` is not a checkout"]);
    new(&["missing/hello"]).ends_with(73).says(&["missing"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing half-written");
    assert_eq!(new(&["--list"]).ends_with(0).out.lines().count(), 3);
}

#[test]
fn an_image_tells_nothing_of_the_machine_it_was_built_on() {
    let project = Project::new("e2e-private", "hello");
    project.call(&["build"]).ends_with(0);
    let bytes = std::fs::read(image(&project)).expect("an image");
    for place in [root(), project.folder().to_owned(), target()] {
        let place = place.display().to_string();
        assert!(!bytes.windows(place.len()).any(|window| window == place.as_bytes()), "{place} is in the image");
    }
    let home = std::env::var("HOME").expect("a home") + "/.cargo";
    assert!(!bytes.windows(home.len()).any(|window| window == home.as_bytes()), "{home} is in the image");
}
