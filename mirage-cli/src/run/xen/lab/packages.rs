//! The packages of Debian's that the lab is made of: fetched by apt, which checks their signatures and sums, and opened by
//! dpkg; nothing is installed, and no right is wanted.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::tree::Tree;
use crate::error::{Error, Exit};
use crate::files::cannot_write;
use crate::process::{self, End};
use crate::report::{Reporter, Step};

/// What is asked for by name; apt finds what they build on.
pub const NAMES: [&str; 4] = ["busybox-static", "linux-image-amd64", "xen-system-amd64", "xenstore-utils"];

/// The programs that fetch and open packages and what is in them, and the package of each.
pub const PROGRAMS: [(&str, &str); 4] =
    [("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("gzip", "gzip"), ("xz", "xz-utils")];

/// How long the packages may take to come.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Fetches the packages into a folder, or sees that they are there; returns their files, sorted.
///
/// # Errors
/// [`Exit::Unavailable`] when apt is not here, or has not got them; [`Exit::CannotWrite`].
pub fn fetch(folder: &Utf8Path, reporter: &Reporter) -> Result<Vec<Utf8PathBuf>, Error> {
    let write = |path: &Utf8Path| std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error));
    write(&folder.join("partial"))?;
    let step = reporter.step("Fetching", "Xen and a Linux for its dom0, packages of Debian's (about 120 MB)");
    // It is as if nothing were installed: what the lab is made of does not depend on this machine.
    let status = folder.join("status");
    std::fs::write(&status, "").map_err(|error| cannot_write(&status, &error))?;
    let options = [
        format!("Dir::State::status={status}"),
        format!("Dir::Cache::archives={folder}"),
        "APT::Architecture=amd64".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        "Debug::NoLocking=1".to_owned(),
    ];
    let asked = ["--yes", "--no-install-recommends", "--download-only", "install"].iter().chain(&NAMES);
    let asked: Vec<&str> = asked.copied().collect();
    let mut tried = apt(&options, &asked, &step)?;
    if tried.is_err() {
        // The lists of this machine may be old, or not there: ours are new.
        let lists = folder.join("lists");
        write(&lists.join("partial"))?;
        let options = [&options[..], &[format!("Dir::State::lists={lists}")]].concat();
        tried = apt(&options, &["update"], &step)?;
        if tried.is_ok() {
            tried = apt(&options, &asked, &step)?;
        }
    }
    if let Err(said) = tried {
        return Err(Error::new(Exit::Unavailable, "the packages that the lab is made of cannot be fetched")
            .detail(said)
            .hint("it takes the network, and the sources of a Debian in /etc/apt")
            .hint("`--lab=FOLDER` takes a lab that was made elsewhere: ~/.cache/mirage/xen-lab/VERSION there"));
    }
    step.done();
    let read = folder.read_dir_utf8().map_err(|error| cannot_write(folder, &error))?;
    let mut files: Vec<_> = read.filter_map(Result::ok).map(camino::Utf8DirEntry::into_path).collect();
    files.retain(|file| file.extension() == Some("deb"));
    files.sort();
    Ok(files)
}

/// Runs apt; what it has said if it fails.
fn apt(options: &[String], words: &[&str], step: &Step) -> Result<Result<(), String>, Error> {
    let mut command = Command::new("apt-get");
    command.env("LC_ALL", "C").arg("--quiet");
    options.iter().for_each(|option| _ = command.args(["-o", option]));
    let mut said = String::new();
    let ended = process::run(command.args(words), Some(PATIENCE), |_, line| {
        step.line(line);
        if line.starts_with("E:") || line.starts_with("Err:") {
            said.extend([line, "\n"]);
        }
    })?;
    Ok(match ended {
        End::Exit(status) if status.success() => Ok(()),
        End::Exit(status) => Err(format!("{said}apt-get ended with {status}")),
        End::TimedOut => Err(format!("{said}apt-get took more than {} s", PATIENCE.as_secs())),
    })
}

/// The files of packages that are wanted.
///
/// # Errors
/// [`Exit::Unavailable`] when a package cannot be opened, [`Exit::Interrupted`] on Ctrl-C.
pub fn open(packages: &[Utf8PathBuf], wanted: impl Fn(&str) -> bool, step: &Step) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    for package in packages {
        process::check()?;
        let name = package.file_name().unwrap_or_default();
        step.line(name);
        let mut take = || -> io::Result<()> {
            let mut command = Command::new("dpkg-deb");
            command.arg("--fsys-tarfile").arg(package).stdin(Stdio::null()).stdout(Stdio::piped());
            let mut child = command.spawn()?;
            let taken = child.stdout.take().map_or(Ok(()), |out| tree.take(out, &wanted));
            let status = child.wait()?;
            // What is wrong with the archive matters, not that nobody has read it to its end then.
            taken.and(if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) })
        };
        take().map_err(|error| {
            Error::new(Exit::Unavailable, format!("the package `{name}` cannot be opened: {error}"))
                .hint(format!("remove `{package}` and try again"))
        })?;
    }
    Ok(tree)
}
