//! Disks that cannot be written, files changed by hand, networks that are not there, and Ctrl-C.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mirage_e2e::{Outcome, Project, have, skip};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_generated_file_changed_by_hand_is_kept_beside_and_written_anew() {
    let project = Project::new("e2e-by-hand", "hello");
    project.call(&["configure"]).ends_with(0);
    let written = project.read("mirage/main.rs");
    project.write("mirage/main.rs", &format!("{written}// Mine.\n"));
    let dry = project.call(&["configure", "--dry-run"]).ends_with(0);
    dry.says(&["`mirage/main.rs` was changed by hand: that would be kept as `mirage/main.rs.edited`"]);
    assert!(project.read("mirage/main.rs").ends_with("// Mine.\n"), "and is still there");
    let said = project.call(&["configure"]).ends_with(0).err;
    assert!(said.contains("`mirage/main.rs` was changed by hand: that is kept as `mirage/main.rs.edited`"), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "once: {said}");
    assert_eq!(project.read("mirage/main.rs"), written);
    let kept = project.files().into_iter().find(|file| file.starts_with("mirage/main.rs.edited")).expect("it is kept");
    assert!(project.read(&kept).ends_with("// Mine.\n"));
    // The lock file is generated as well: somebody may have updated a crate in it.
    let lock = project.read("mirage/Cargo.lock");
    project.write("mirage/Cargo.lock", &format!("{lock}# Mine.\n"));
    project.call(&["configure"]).ends_with(0).says(&["`mirage/Cargo.lock` was changed by hand"]);
    assert_eq!(project.read("mirage/Cargo.lock"), lock);
    assert!(project.read("mirage/Cargo.lock.edited").ends_with("# Mine.\n"));
    // `clean` does not take what somebody wrote.
    project.call(&["clean"]).ends_with(0).says(&["mirage/main.rs.edited", "is left"]);
    assert!(project.read(&kept).ends_with("// Mine.\n"));
}

#[test]
fn what_was_built_and_changed_by_hand_is_kept_as_well() {
    let project = Project::new("e2e-by-hand-image", "hello");
    project.call(&["build"]).ends_with(0);
    let manifest = project.read("dist/e2e-by-hand-image.json");
    project.write("dist/e2e-by-hand-image.json", "mine\n");
    let said = project.call(&["build"]).ends_with(0).err;
    let kept =
        "`dist/e2e-by-hand-image.json` was changed by hand: that is kept as `dist/e2e-by-hand-image.json.edited`";
    assert!(said.contains(kept), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "what was not changed is not kept: {said}");
    assert_eq!(project.read("dist/e2e-by-hand-image.json.edited"), "mine\n");
    assert_eq!(project.read("dist/e2e-by-hand-image.json"), manifest);
    // What follows from a change in the application is no work of somebody's.
    project.replace("unikernel.rs", "\"goodbye\"", "\"adieu\"");
    let said = project.call(&["build"]).ends_with(0).err;
    assert!(!said.contains("warning"), "{said}");
    project.call(&["clean"]).ends_with(0).says(&["`dist/e2e-by-hand-image.json.edited` is left"]);
}

#[test]
fn what_somebody_put_beside_the_generated_files_stays() {
    let project = Project::new("e2e-foreign", "hello");
    project.call(&["configure"]).ends_with(0);
    project.write("mirage/notes.txt", "mine");
    project.call(&["clean"]).ends_with(0).says(&["`mirage/notes.txt` is left"]);
    assert_eq!(project.read("mirage/notes.txt"), "mine");
    assert!(!project.file("mirage/main.rs").exists());
}

#[test]
fn nothing_is_done_twice_and_what_has_changed_is_done_again() {
    let project = Project::new("e2e-again", "hello");
    project.call(&["build"]).ends_with(0).says(&["Compiling config.rs", "Compiling e2e-again for unix"]);
    let again = project.call(&["build"]).ends_with(0).err;
    assert_eq!(again.lines().count(), 1, "only that it is there: {again}");
    project.replace("unikernel.rs", "\"goodbye\"", "\"adieu\"");
    let changed = project.call(&["build"]).ends_with(0).err;
    assert!(changed.contains("Compiling e2e-again for unix"), "{changed}");
    assert!(project.call(&["run", "-q"]).ends_with(0).out.ends_with("adieu\n"));
    assert_eq!(project.call(&["run"]).ends_with(0).err, "", "`run` has nothing to do but to run");
    // What cargo is configured to do counts as well, while it is and when it is no more.
    fs::create_dir(project.file(".cargo")).expect("a folder");
    project.write(".cargo/config.toml", "[term]\nverbose = false\n");
    project.call(&["build"]).ends_with(0).says(&["Compiling e2e-again for unix"]);
    fs::remove_file(project.file(".cargo/config.toml")).expect("a file");
    project.call(&["build"]).ends_with(0).says(&["Compiling e2e-again for unix"]);
    // It is what a file says that counts, not when it was written.
    project.write("config.rs", &project.read("config.rs"));
    project.call(&["configure"]).ends_with(0).says(&["nothing has changed"]);
    project.write("config.rs", &(project.read("config.rs") + "\n// A word more.\n"));
    let changed = project.call(&["configure"]).ends_with(0).err;
    assert!(changed.contains("Compiling config.rs") && changed.contains("nothing has changed"), "{changed}");
    // What was chosen is remembered by `build`, and said by `query`.
    assert_eq!(project.call(&["query", "target"]).ends_with(0).out, "unix\n");
    fs::remove_file(project.file("dist/e2e-again")).expect("a file");
    project.call(&["build"]).ends_with(0).says(&["Built dist/e2e-again"]);
    assert!(project.file("dist/e2e-again").exists());
}

#[test]
fn a_dry_run_does_nothing() {
    let project = Project::new("e2e-dry", "hello");
    let before = project.files();
    project.call(&["configure", "--dry-run"]).ends_with(0).says(&["Would write mirage/main.rs"]);
    project.call(&["build", "--dry-run"]).ends_with(0).says(&["Would build dist/e2e-dry"]);
    let command = project.call(&["run", "--dry-run", "--", "--logs", "two words"]).ends_with(0).out;
    assert!(command.ends_with("dist/e2e-dry --logs \"two words\"\n"), "{command}");
    assert_eq!(project.files(), before);
    assert!(!project.file("mirage").exists());
}

#[test]
fn an_application_that_does_not_compile_is_shown_in_rustcs_words() {
    let project = Project::new("e2e-wrong-app", "hello");
    project.call(&["configure"]).ends_with(0);
    project.replace("unikernel.rs", "console.log(\"goodbye\").await;", "console.lok(\"goodbye\").await;");
    project.call(&["build"]).ends_with(76).says(&["no method named `lok`", "unikernel.rs:"]);
}

/// A small disk of its own, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.0.path()).status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// A copy of a project that has been configured, on another disk.
fn copy(project: &Project, to: &Path) {
    for file in ["Cargo.toml", "Cargo.lock", "config.rs", "unikernel.rs", "tests/hello.rs"] {
        let target = to.join(file);
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::copy(project.file(file), target).expect("a copy");
    }
}

#[test]
fn a_disk_that_is_read_only_or_full_is_named_and_nothing_is_half_written() {
    let Some(disk) = Disk::mount("size=2m") else {
        return skip("a read-only and a full disk", "wants the right to mount a tmpfs");
    };
    let project = Project::new("e2e-disk", "hello");
    project.call(&["build"]).ends_with(0);
    let folder = disk.0.path();
    copy(&project, folder);
    let call = |arguments: &[&str]| Outcome::of(mirage_e2e::mirage(folder).args(arguments));

    disk.remount("ro");
    call(&["configure"]).ends_with(73).says(&["mirage", "read-only"]);
    assert!(!folder.join("mirage").exists());
    disk.remount("rw");

    let fill = |left: u64| {
        let mut filler = fs::File::create(folder.join("filler")).expect("a file");
        let _ = std::io::copy(&mut std::io::repeat(0), &mut filler);
        let length = filler.metadata().expect("a file").len();
        filler.set_len(length.saturating_sub(left)).expect("a shorter file");
    };
    fill(0);
    call(&["configure"]).ends_with(73).says(&["mirage", "no space"]);
    assert!(!folder.join("mirage/main.rs").exists());
    fs::remove_file(folder.join("filler")).expect("a file");

    call(&["configure"]).ends_with(0);
    // Enough for what is configured, not for an image with its symbols.
    fill(600_000);
    call(&["build"]).ends_with(73).says(&["dist", "no space"]);
    assert!(!folder.join("dist").exists() || fs::read_dir(folder.join("dist")).expect("a folder").count() == 0);
    fs::remove_file(folder.join("filler")).expect("a file");
}

#[test]
fn a_disk_that_stops_cargo_is_no_fault_of_the_code() {
    let Some(disk) = Disk::mount("size=2m") else {
        return skip("cargo on a read-only and a full disk", "wants the right to mount a tmpfs");
    };
    let project = Project::new("e2e-disk-of-cargo", "hello");
    let folder = disk.0.path();
    copy(&project, folder);
    // The target folder is where it is by default: in the project, on that disk.
    let call = |arguments: &[&str]| {
        let mut command = mirage_e2e::mirage(folder);
        Outcome::of(command.args(arguments).env_remove("CARGO_TARGET_DIR"))
    };
    disk.remount("ro");
    call(&["configure"]).ends_with(73).says(&["Read-only file system", "hint: that disk is mounted read-only"]);
    disk.remount("rw");
    // Room for Cargo.lock, and not for what config.rs is compiled to.
    call(&["build"]).ends_with(73).says(&["No space left on device", "hint: make room on that disk"]);
    assert!(!folder.join("mirage").exists() && !folder.join("dist").exists(), "nothing half-written");
}

/// Starts a call, waits until it says `line`, and presses Ctrl-C.
fn interrupted(project: &Project, arguments: &[&str], line: &str) -> i32 {
    ended_by(Signal::INT, project, arguments, line)
}

/// Starts a call, waits until it says `line`, and sends it a signal.
fn ended_by(signal: Signal, project: &Project, arguments: &[&str], line: &str) -> i32 {
    let mut command = project.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(said.any(|text| text.contains(line)), "it never said {line:?}");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a process");
    kill_process(pid, signal).expect("a signal");
    let begin = Instant::now();
    // Drained, so that it never waits for us.
    said.for_each(drop);
    let status = child.wait().expect("it ends").code().expect("by itself");
    assert!(begin.elapsed() < Duration::from_secs(30), "it ends soon");
    status
}

#[test]
fn ctrl_c_ends_it_soon_and_leaves_nothing_half_written() {
    let project = Project::new("e2e-interrupted", "hello");
    project.write("config.rs", "fn main() { println!(\"evaluating\"); loop { std::thread::park() } }\n");
    let before = project.files();
    assert_eq!(interrupted(&project, &["configure"], "Evaluating"), 130);
    assert_eq!(project.files(), before);

    let project = Project::new("e2e-interrupted-build", "hello");
    project.call(&["configure"]).ends_with(0);
    let before = project.files();
    assert_eq!(interrupted(&project, &["build"], "Compiling"), 130);
    assert_eq!(project.files(), before);
    project.call(&["build"]).ends_with(0);
}

#[test]
fn no_signal_leaves_config_rs_running() {
    let project = Project::new("e2e-orphan", "hello");
    // Ended between the two, it leaves no half a number.
    let looping = "fn main() { std::fs::write(\"part\", std::process::id().to_string()).unwrap();\n\
                   std::fs::rename(\"part\", \"pid\").unwrap(); loop {} }\n";
    project.write("config.rs", looping);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        assert_eq!(ended_by(signal, &project, &["configure"], "Evaluating"), 130, "{signal:?}");
        if let Ok(pid) = fs::read_to_string(project.file("pid")) {
            assert!(!Path::new("/proc").join(&pid).exists(), "{pid} runs on after {signal:?}");
            fs::remove_file(project.file("pid")).expect("a file");
        }
    }
    // What was told not to heed a terminal that is closed, does not.
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" configure --timeout 3"]).arg(mirage_e2e::tool());
    nohup.current_dir(project.folder()).env("CARGO_TARGET_DIR", mirage_e2e::target());
    let mut child = nohup.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(said.any(|text| text.contains("Evaluating")), "config.rs is run");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a process");
    kill_process(pid, Signal::HUP).expect("a signal");
    said.for_each(drop);
    assert_eq!(child.wait().expect("it ends").code(), Some(65), "it went on until its time was over");
}

#[test]
fn without_a_network_what_is_missing_is_said_and_depend_is_the_way() {
    let project = Project::new("e2e-offline", "hello");
    // A cargo that has never fetched anything.
    let home = tempfile::tempdir().expect("a folder");
    let mut command = project.command(&["configure", "--offline"]);
    let outcome = Outcome::of(command.env("CARGO_HOME", home.path())).ends_with(69);
    outcome.says(&["offline", "mirage depend"]);
    assert!(!project.file("mirage/main.rs").exists());
    // A lock file that is not there is not the network's fault, whatever cargo advises.
    let unlocked = Project::new("e2e-unlocked", "hello");
    fs::remove_file(unlocked.file("Cargo.lock")).expect("a file");
    unlocked
        .call(&["configure", "--locked"])
        .ends_with(65)
        .says(&["hint: Cargo.lock is not there", "without `--locked`"]);
    // With everything fetched, nothing more is needed.
    project.call(&["depend"]).ends_with(0).says(&["Fetched"]);
    project.call(&["configure", "--offline"]).ends_with(0);
    project.call(&["depend"]).ends_with(0);
    project.call(&["build", "--offline"]).ends_with(0);
}

#[test]
fn vendored_crates_are_enough() {
    if !have("cargo") {
        return skip("vendored crates", "wants cargo");
    }
    let project = Project::new("e2e-vendored", "hello");
    let vendor = Outcome::of(Command::new("cargo").current_dir(project.folder()).args(["vendor"])).ends_with(0);
    fs::create_dir(project.file(".cargo")).expect("a folder");
    project.write(".cargo/config.toml", &vendor.out);
    let home = tempfile::tempdir().expect("a folder");
    let mut command = project.command(&["build", "--offline"]);
    Outcome::of(command.env("CARGO_HOME", home.path())).ends_with(0).says(&["Built dist/e2e-vendored"]);
}

#[test]
fn two_at_once_wait_for_one_another() {
    let project = Project::new("e2e-at-once", "hello");
    let calls: Vec<_> = (0..3)
        .map(|_| project.command(&["configure"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a call"))
        .collect();
    for call in calls {
        Outcome::from(call.wait_with_output().expect("an end")).ends_with(0);
    }
    project.call(&["build"]).ends_with(0);
}
