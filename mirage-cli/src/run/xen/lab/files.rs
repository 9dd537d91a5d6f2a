//! The lab's files: where they are kept, and how they are made once.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::dom0::{self, INIT, MODULES, VIF, filtered, unpacked};
use super::packages::{self, NAMES, PROGRAMS};
use crate::error::{Error, Exit};
use crate::files::{Lock, Staging, cannot_write};
use crate::hash;
use crate::report::Reporter;
use crate::run::machine::Monitor;
use crate::run::xen::installed;

const XEN: &str = "xen";
const LINUX: &str = "linux";
const DOM0: &str = "dom0.cpio";
/// What says which files belong together.
const RECORD: &str = "lab.json";

/// What is made here is made in another way than before: a number for each way.
const VERSION: u32 = 1;

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    folder: Utf8PathBuf,
}

/// What is known of the files since they were made.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The packages they are made of.
    packages: Vec<String>,
    /// How long each is, and its digest.
    files: BTreeMap<String, (u64, String)>,
}

impl Files {
    /// Those in a folder of the user's choice.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when a file is missing or not as it was made.
    pub fn given(folder: &Utf8Path) -> Result<Self, Error> {
        let files = Self { folder: folder.to_owned() };
        match files.fault() {
            None => Ok(files),
            Some(fault) => Err(Error::new(Exit::Unavailable, format!("there is no lab in `{folder}`: {fault}"))
                .hint(format!("it is a folder with `{XEN}`, `{LINUX}`, `{DOM0}` and `{RECORD}`"))
                .hint("`mirage run -t xen --lab` makes one on a Debian, as ~/.cache/mirage/xen-lab/VERSION")),
        }
    }

    /// The user's own, made or not.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when the user has no home.
    pub fn own() -> Result<Self, Error> {
        Ok(Self { folder: cache()?.join(version()) })
    }

    /// Whether they are there.
    pub fn are_made(&self) -> bool {
        self.fault().is_none()
    }

    /// The user's own, made if they are not there.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when this machine cannot make them, [`Exit::CannotWrite`], [`Exit::Interrupted`] on Ctrl-C.
    pub fn make(reporter: &Reporter) -> Result<Self, Error> {
        let files = Self::own()?;
        if files.are_made() {
            return Ok(files);
        }
        if let Some((program, package)) = PROGRAMS.iter().find(|(program, _)| !installed(program)) {
            let files = format!("`{XEN}` (xen.gz unpacked), `{LINUX}` and `{DOM0}` (busybox, xl and its libraries)");
            return Err(Error::new(Exit::Unavailable, format!("the lab is made of Debian's packages, by `{program}`"))
                .hint(format!("on a Debian or what is made from it: install `{package}`"))
                .hint(format!(
                    "elsewhere: `--lab=FOLDER` takes a folder with {files} and `{RECORD}`, copied from a Debian's \
                     ~/.cache/mirage/xen-lab/{}",
                    version()
                )));
        }
        let cache = cache()?;
        fs::create_dir_all(&cache).map_err(|error| cannot_write(&cache, &error))?;
        let _lock = Lock::take(&cache, &files.folder, reporter)?;
        // Whoever was waited for may have made them.
        if !files.are_made() {
            files.make_anew(&cache, reporter)?;
        }
        Ok(files)
    }

    fn make_anew(&self, cache: &Utf8Path, reporter: &Reporter) -> Result<(), Error> {
        let packages = packages::fetch(&cache.join("packages"), reporter)?;
        let step = reporter.step("Making", "the lab: Xen, a Linux, and what that needs to rule Xen");
        let parts = dom0::choose(&packages::open(&packages, dom0::wanted, &step)?)?;
        let staging = Staging::new(cache)?;
        let made = [
            (XEN, filtered("gzip", &[], &parts.xen)?),
            (LINUX, unpacked(&parts.linux)?),
            (DOM0, parts.system.archive()),
        ];
        let mut files = BTreeMap::new();
        for (name, bytes) in &made {
            staging.write(name, bytes)?;
            files.insert((*name).to_owned(), (bytes.len() as u64, hash::of(bytes)));
        }
        let packages = packages.iter().filter_map(|file| Some(file.file_name()?.to_owned())).collect();
        let record = serde_json::to_string_pretty(&Record { packages, files });
        staging.write(RECORD, record.map_err(|error| Error::bug(error.to_string()))?)?;
        if self.folder.exists() {
            // What is there is not whole.
            fs::remove_dir_all(&self.folder).map_err(|error| cannot_write(&self.folder, &error))?;
        }
        // The record is the last: without it there is no lab.
        staging.commit(&self.folder, [XEN, LINUX, DOM0, RECORD])?;
        step.done();
        Ok(())
    }

    /// What is not as it was made.
    fn fault(&self) -> Option<String> {
        let text = match fs::read_to_string(self.folder.join(RECORD)) {
            Ok(text) => text,
            Err(error) => return Some(format!("`{RECORD}`: {error}")),
        };
        let Ok(record) = serde_json::from_str::<Record>(&text) else { return Some(format!("`{RECORD}` is damaged")) };
        [XEN, LINUX, DOM0].into_iter().find_map(|name| {
            let length = fs::metadata(self.folder.join(name)).map(|file| file.len());
            match (length, record.files.get(name)) {
                (Ok(length), Some((recorded, _))) if length == *recorded => None,
                (Err(error), _) => Some(format!("`{name}`: {error}")),
                _ => Some(format!("`{name}` is not whole")),
            }
        })
    }

    /// Xen, which QEMU boots.
    pub fn xen(&self) -> Utf8PathBuf {
        self.folder.join(XEN)
    }

    /// The kernel of dom0.
    pub fn linux(&self) -> Utf8PathBuf {
        self.folder.join(LINUX)
    }

    /// Everything else of dom0.
    pub fn dom0(&self) -> Utf8PathBuf {
        self.folder.join(DOM0)
    }
}

/// Whether the lab can run here, and what it takes until then.
///
/// # Errors
/// What is missing.
pub fn ready() -> Result<String, String> {
    let qemu = Monitor::Qemu.program();
    if !installed(qemu) {
        return Err(format!("`{qemu}` not found"));
    }
    if Files::own().is_ok_and(|files| files.are_made()) {
        return Ok("made".to_owned());
    }
    match PROGRAMS.iter().find(|(program, _)| !installed(program)) {
        None => Ok("made of Debian's packages when it is first wanted".to_owned()),
        Some((program, _)) => Err(format!("`{program}` not found, and no lab is made yet")),
    }
}

/// What the lab is made by, as a name: another one when it would be made otherwise.
fn version() -> String {
    let made_by = [&[INIT, VIF][..], &MODULES, &NAMES].concat().join("\0");
    let digest = hash::of(format!("{VERSION}\0{made_by}"));
    digest.get(..12).unwrap_or_default().to_owned()
}

/// The folder of this user's for what can be made again (the XDG Base Directory Specification).
fn cache() -> Result<Utf8PathBuf, Error> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| value.starts_with('/')).map(Utf8PathBuf::from);
    let folder = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    let folder = folder.ok_or_else(|| {
        Error::new(Exit::Unavailable, "there is no folder to keep the lab in").hint("set XDG_CACHE_HOME or HOME")
    })?;
    Ok(folder.join("mirage/xen-lab"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_is_whole_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("text");
        let error = Files::given(path).expect_err("nothing is there");
        assert!(error.message.contains("`lab.json`") && error.hints.len() == 2, "{error:?}");
        for name in [XEN, LINUX, DOM0] {
            fs::write(path.join(name), "1234").expect("a file");
        }
        let files = [XEN, LINUX, DOM0].map(|name| (name.to_owned(), (4, hash::of("1234")))).into();
        let record = serde_json::to_string(&Record { packages: vec![], files }).expect("JSON");
        fs::write(path.join(RECORD), record).expect("a file");
        assert_eq!(Files::given(path).expect("a lab").xen(), path.join("xen"));
        fs::write(path.join(LINUX), "123").expect("a file");
        assert!(Files::given(path).expect_err("too short").message.ends_with("`linux` is not whole"));
        fs::write(path.join(RECORD), "{").expect("a file");
        assert!(Files::given(path).expect_err("no record").message.ends_with("`lab.json` is damaged"));
    }
}
