//! Flags for rustc: those that keep the paths of this machine out of an image, and those that link one for a machine.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{Array, DocumentMut, Item, Value};

use crate::error::Error;
use crate::inputs::surroundings;
use crate::project::Project;
use crate::target::Link;

/// Adds the flags to those the user has, wherever cargo takes them from: it looks in one place only.
///
/// # Errors
/// When the crate with the linker script is not among those the project has.
pub fn add(command: &mut Command, project: &Project, link: Link) -> Result<(), Error> {
    let mut flags = remaps(project);
    if let Link::Bare { library, script, flags: theirs } = link {
        let home = project.find_crate(library).ok_or_else(|| Error::bug(format!("`{library}` is no dependency")))?;
        flags.extend(bare(&home.folder.join(script)));
        if !names_processor(project) {
            flags.push(PROCESSOR.to_owned());
        }
        flags.extend(theirs.iter().copied().map(str::to_owned));
    }
    if let Ok(theirs) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        let all = theirs.split('\u{1f}').filter(|flag| !flag.is_empty()).map(str::to_owned).chain(flags);
        command.env("CARGO_ENCODED_RUSTFLAGS", all.collect::<Vec<_>>().join("\u{1f}"));
    } else if let Ok(theirs) = env::var("RUSTFLAGS") {
        let all = theirs.split_whitespace().map(str::to_owned).chain(flags);
        command.env("CARGO_ENCODED_RUSTFLAGS", all.collect::<Vec<_>>().join("\u{1f}"));
    } else {
        let place = if targets_have_flags(project) { "target.'cfg(all())'.rustflags" } else { "build.rustflags" };
        let list = Value::Array(flags.iter().map(String::as_str).collect::<Array>());
        command.arg("--config").arg(format!("{place}={}", list.to_string().trim()));
    }
    Ok(())
}

/// Which processor is compiled for, unless the user names one: the first of this architecture, so that it runs on each.
///
/// It was slow to move 16 bytes that are not aligned, so none of what is compiled for it does, which takes registers of the
/// floating-point unit. Nearly nothing else in an image has a use for them, and who touches none of them since it was
/// switched to is spared an exit by a hypervisor that gives them when they are touched, as Xen does on processors of AMD.
/// Images are a little smaller by it.
const PROCESSOR: &str = "-Ctarget-cpu=k8";

/// Whether the user's flags name a processor, wherever cargo takes them from.
fn names_processor(project: &Project) -> bool {
    let flags = env::vars_os().filter(|(name, _)| name.to_string_lossy().ends_with("RUSTFLAGS"));
    let given = flags.filter_map(|(_, value)| value.into_string().ok());
    let files = surroundings(&project.generated());
    let written = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    given.chain(written).any(|flags| flags.contains("target-cpu"))
}

/// What makes an executable without a host: everything where the script has it, linked by the toolchain's own linker.
/// The linker is named here and not as cargo's `linker`, which would be taken for the tools of the build as well.
fn bare(script: &Utf8Path) -> impl Iterator<Item = String> {
    let flags = [
        "--cfg=mirage_bare",
        "-Crelocation-model=static",
        // A function inlined into several places is in the image as often, so only little ones are; what is fast was
        // measured to be none the slower for it.
        "-Cllvm-args=-inline-threshold=25",
        // Registers are spilled where it takes the fewest instructions, and a few cases are told apart by comparing: both
        // were measured to be as fast as what LLVM would do by itself, and make an image one part in ninety smaller.
        "-Cllvm-args=-split-spill-mode=size",
        "-Cllvm-args=-min-jump-table-entries=8",
        // What is known on one of the ways to a place, and not on the other, is computed there again: to have it computed on
        // that other way instead takes a sixtieth more code, and a request a fiftieth fewer instructions.
        "-Cllvm-args=-enable-pre=false",
        "-Cforce-frame-pointers=yes",
        "-Clinker=rust-lld",
        "-Clinker-flavor=ld.lld",
        // Segments need not be on pages of the file: nobody maps them from there.
        "-Clink-arg=-zmax-page-size=16",
        "-Clink-arg=-znognustack",
        "-Clink-arg=-static",
        "-Clink-arg=--no-pie",
        "-Clink-arg=--build-id=none",
        // Functions that are the same, as of one generic for several types, are there once.
        "-Clink-arg=--icf=all",
    ];
    flags.into_iter().map(str::to_owned).chain([format!("-Clink-arg=-T{script}")])
}

/// Every folder a source may be in by the name it has in an image, the crate's; a folder in another one after it, since
/// the last that fits is taken. The same for every target and profile, so that none makes another's work undone.
fn remaps(project: &Project) -> Vec<String> {
    let mut names: BTreeMap<Utf8PathBuf, &str> = BTreeMap::new();
    for there in &project.crates {
        match &there.source {
            None => _ = names.insert(there.folder.clone(), &there.name),
            Some(_) => _ = there.folder.parent().map(|folder| names.insert(folder.to_owned(), "crates")),
        }
    }
    names.insert(project.generated(), "main");
    names.insert(project.target_dir.clone(), "target");
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|(folder, _)| folder.components().count());
    let remap = |(folder, name): &(Utf8PathBuf, &str)| format!("--remap-path-prefix={folder}={name}");
    // What rustc says is for people, who want the paths as they are.
    std::iter::once("--remap-path-scope=object".to_owned()).chain(names.iter().map(remap)).collect()
}

/// Whether a configuration of cargo has flags for some target: then it does not look at `build.rustflags`.
fn targets_have_flags(project: &Project) -> bool {
    let has = |file: &Utf8Path| -> Option<bool> {
        let config: DocumentMut = fs::read_to_string(file).ok()?.parse().ok()?;
        let targets = config.get("target")?.as_table_like()?;
        Some(targets.iter().any(|(_, target)| target.get("rustflags").is_some_and(Item::is_value)))
    };
    surroundings(&project.generated()).iter().any(|file| has(file) == Some(true))
}
