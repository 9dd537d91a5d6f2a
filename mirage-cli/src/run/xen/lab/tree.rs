//! The files of a small system, taken from packages: kept in memory, written as the archive that Linux boots from.

use std::collections::BTreeMap;
use std::io::{self, Read};

use tar::{Archive, EntryType};

/// The largest file that is taken from a package, in bytes: a kernel has 10 MB.
const LARGEST: u64 = 1 << 27;

/// A file, by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder,
    /// What can be read, and whether it is a program.
    File(Vec<u8>, bool),
    /// A name for another one.
    Link(String),
}

/// Files by their paths, which begin without a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Node>);

impl Tree {
    /// Puts a file there, and the folders around it.
    pub fn put(&mut self, path: &str, node: Node) {
        for (end, _) in path.match_indices('/') {
            self.0.entry(path.get(..end).unwrap_or_default().to_owned()).or_insert(Node::Folder);
        }
        self.0.insert(path.to_owned(), node);
    }

    /// Puts a text there; a program if it begins as one.
    pub fn put_text(&mut self, path: &str, text: &str) {
        self.put(path, Node::File(text.as_bytes().to_vec(), text.starts_with("#!")));
    }

    /// What is there, links followed.
    pub fn get(&self, path: &str) -> Option<(&[u8], bool)> {
        let mut path = path.to_owned();
        // Links that go round in circles end here.
        for _ in 0..8 {
            match self.0.get(&path)? {
                Node::File(bytes, program) => return Some((bytes, *program)),
                Node::Link(to) => path = followed(&path, to),
                Node::Folder => return None,
            }
        }
        None
    }

    /// All paths but those of folders.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, node)| **node != Node::Folder).map(|(path, _)| path.as_str())
    }

    /// Takes from a package's tar archive what is wanted. What lies in `bin`, `sbin` and `lib` below the root comes to be
    /// below `usr`, as in every distribution of today.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub fn take(&mut self, archive: impl Read, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
        for entry in Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let Some(path) = merged(&path).filter(|path| wanted(path)) else { continue };
            let node = match entry.header().entry_type() {
                EntryType::Regular => {
                    let mut bytes = vec![];
                    let program = entry.header().mode()? & 0o100 != 0;
                    entry.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
                    Node::File(bytes, program)
                }
                EntryType::Symlink => match entry.link_name_bytes() {
                    Some(to) => Node::Link(String::from_utf8_lossy(&to).into_owned()),
                    None => continue,
                },
                EntryType::Link => match entry.link_name_bytes().map(|to| String::from_utf8_lossy(&to).into_owned()) {
                    Some(to) => Node::Link(format!("/{}", merged(&to).unwrap_or_default())),
                    None => continue,
                },
                _ => continue,
            };
            self.put(&path, node);
        }
        Ok(())
    }

    /// The archive Linux boots from (its Documentation/driver-api/early-userspace/buffer-format.rst): `newc` of cpio. The
    /// same files give the same bytes.
    pub fn archive(&self) -> Vec<u8> {
        let mut out = vec![];
        for (number, (path, node)) in (1..).zip(&self.0) {
            let (mode, bytes): (u32, &[u8]) = match node {
                Node::Folder => (0o040_755, &[]),
                Node::File(bytes, true) => (0o100_755, bytes),
                Node::File(bytes, false) => (0o100_644, bytes),
                Node::Link(to) => (0o120_777, to.as_bytes()),
            };
            record(&mut out, number, mode, path, bytes);
        }
        record(&mut out, 0, 0, "TRAILER!!!", &[]);
        out
    }
}

/// A file of the archive: a magic number, thirteen numbers of eight digits, its name, and what it holds, each of these two
/// up to a multiple of four.
fn record(out: &mut Vec<u8>, number: u32, mode: u32, path: &str, bytes: &[u8]) {
    let (name, size) = (path.len() + 1, bytes.len());
    out.extend_from_slice(b"070701");
    let owner_and_time = [0, 0, 1, 0].map(|field: u32| format!("{field:08x}")).concat();
    let device = "00000000".repeat(4);
    out.extend_from_slice(
        format!("{number:08x}{mode:08x}{owner_and_time}{size:08x}{device}{name:08x}00000000").as_bytes(),
    );
    for part in [format!("{path}\0").as_bytes(), bytes] {
        out.extend_from_slice(part);
        out.resize(out.len().next_multiple_of(4), 0);
    }
}

/// A path of a package, below `usr` if it is not yet; none for the root itself.
fn merged(path: &str) -> Option<String> {
    let path = path.trim_start_matches("./").trim_matches('/');
    let first = path.split('/').next().filter(|first| !first.is_empty())?;
    let below = matches!(first, "bin" | "sbin" | "lib" | "lib64");
    Some(if below { format!("usr/{path}") } else { path.to_owned() })
}

/// Where a link leads.
fn followed(from: &str, to: &str) -> String {
    if let Some(path) = to.strip_prefix('/') {
        return merged(path).unwrap_or_default();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed() -> Vec<u8> {
        let mut builder = tar::Builder::new(vec![]);
        let mut add = |path: &str, kind: EntryType, mode: u32, to: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_size(bytes.len() as u64);
            if !to.is_empty() {
                header.set_link_name(to).expect("short");
            }
            builder.append_data(&mut header, path, bytes).expect("in memory");
        };
        add("./lib/", EntryType::Directory, 0o755, "", b"");
        add("./lib/x/libc.so.6", EntryType::Regular, 0o644, "", b"library");
        add("./usr/lib/x/libc.so", EntryType::Symlink, 0o777, "/lib/x/libc.so.6", b"");
        add("./usr/lib/libd.so", EntryType::Symlink, 0o777, "./x/../x/libc.so", b"");
        add("./bin/busybox", EntryType::Regular, 0o755, "", b"program");
        add("./usr/bin/sh", EntryType::Link, 0o755, "./bin/busybox", b"");
        add("./usr/share/doc", EntryType::Regular, 0o644, "", b"unwanted");
        builder.into_inner().expect("in memory")
    }

    #[test]
    fn what_is_wanted_is_taken_and_links_are_followed() {
        let mut tree = Tree::default();
        tree.take(&*packed(), |path| !path.contains("share")).expect("an archive");
        assert_eq!(tree.get("usr/lib/x/libc.so.6"), Some((&b"library"[..], false)));
        assert_eq!(tree.get("usr/lib/libd.so"), Some((&b"library"[..], false)));
        assert_eq!(tree.get("usr/bin/sh"), Some((&b"program"[..], true)));
        assert_eq!(tree.get("usr/share/doc"), None);
        assert_eq!(tree.get("usr/lib"), None);
        tree.put("a", Node::Link("b".into()));
        tree.put("b", Node::Link("a".into()));
        assert_eq!(tree.get("a"), None);
        assert!(Tree::default().take(&b"no archive, but long enough to be one, were it padded"[..], |_| true).is_err());
    }

    #[test]
    fn the_archive_is_laid_out_as_linux_reads_it() {
        let mut tree = Tree::default();
        tree.put_text("a/init", "#!x\n");
        tree.put("l", Node::Link("a".into()));
        let archive = tree.archive();
        let text = String::from_utf8(archive.clone()).expect("text");
        let field = |record: usize, index: usize| {
            let start = record + 6 + 8 * index;
            u32::from_str_radix(&text[start..start + 8], 16).expect("a number")
        };
        let starts: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(starts.len(), 4);
        assert!(starts.iter().all(|start| start % 4 == 0) && archive.len() % 4 == 0);
        let [folder, file, link, end] = starts[..] else { panic!("four records") };
        assert_eq!([folder, file, link, end].map(|at| field(at, 1)), [0o040_755, 0o100_755, 0o120_777, 0]);
        assert_eq!((field(file, 6), field(file, 11)), (4, 7), "the file's size, and its name's");
        assert_eq!(&text[file + 110..file + 117], "a/init\0");
        assert_eq!(&text[file + 120..file + 124], "#!x\n");
        assert!(text[end..].contains("TRAILER!!!\0"));
    }
}
