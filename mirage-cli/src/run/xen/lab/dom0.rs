//! The Linux that rules Xen in the lab: nothing but a kernel's modules, busybox, and Xen's tools with their libraries.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use super::needs::{libraries, module, modules};
use super::tree::{Node, Tree};
use crate::error::{Error, Exit};

/// The first program.
pub const INIT: &str = include_str!("dom0/init.sh");
/// What xl calls for a domain's network cards.
pub const VIF: &str = include_str!("dom0/vif-bridge.sh");

/// Modules that are loaded, besides those they build on.
pub const MODULES: [&str; 10] = [
    "xen_privcmd",
    "xen_evtchn",
    "xen_gntdev",
    "xen_gntalloc",
    "xenfs",
    "xen_netback",
    "bridge",
    "virtio_pci",
    "virtio_net",
    "virtio_console",
];
/// Where they are among the kernel's modules, and what they build on.
const MODULE_FOLDERS: [&str; 10] = [
    "/kernel/drivers/xen/",
    "/kernel/drivers/net/xen-netback/",
    "/kernel/drivers/net/net_failover.ko",
    "/kernel/drivers/net/virtio_net.ko",
    "/kernel/drivers/char/virtio_console.ko",
    "/kernel/drivers/virtio/",
    "/kernel/net/802/",
    "/kernel/net/bridge/",
    "/kernel/net/core/",
    "/kernel/net/llc/",
];

/// Xen's programs: those below its own folder, then those beside all others.
const OWN: [&str; 6] = ["xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "libxl-save-helper"];
const COMMON: [&str; 6] =
    ["xenstore-exists", "xenstore-list", "xenstore-ls", "xenstore-read", "xenstore-rm", "xenstore-write"];

/// glibc opens it when a thread ends, which no program says that it needs.
const UNSAID: &str = "libgcc_s.so.1";
const LOADER: &str = "ld-linux-x86-64.so.2";

/// What the lab is made of.
pub struct Parts {
    /// Xen, compressed by gzip.
    pub xen: Vec<u8>,
    /// Linux, as its maintainers pack it.
    pub linux: Vec<u8>,
    /// Everything else.
    pub system: Tree,
}

/// Whether a file of a package is looked at.
pub fn wanted(path: &str) -> bool {
    let module = || path.starts_with("usr/lib/modules/") && MODULE_FOLDERS.iter().any(|folder| path.contains(folder));
    let library = || path.starts_with("usr/lib") && path.contains(".so");
    let own = || path.starts_with("usr/lib/xen-") && path.contains("/bin/");
    path == "usr/bin/busybox"
        || path.starts_with("boot/vmlinuz-")
        || (path.starts_with("boot/xen-") && path.ends_with(".gz"))
        || path.starts_with("usr/bin/xenstore")
        || path.starts_with("usr/sbin/xen")
        || module()
        || library()
        || own()
}

/// Chooses from the files of all packages.
///
/// # Errors
/// [`Exit::Unavailable`] naming what is missing.
pub fn choose(all: &Tree) -> Result<Parts, Error> {
    let mut system = Tree::default();
    for folder in ["bin", "sbin", "lib", "lib64"] {
        system.put(folder, Node::Link(format!("usr/{folder}")));
    }
    for folder in ["dev", "proc", "sys", "run", "tmp", "root", "lab/images", "usr/sbin", "var/lib/xen", "var/log/xen"] {
        system.put(folder, Node::Folder);
    }
    system.put("var/run", Node::Link("/run".into()));
    system.put("var/lib/xenstored", Node::Folder);
    system.put("usr/lib64", Node::Folder);
    system.put_text("init", INIT);
    system.put_text("etc/xen/scripts/vif-bridge", VIF);
    system.put_text("etc/xen/xl.conf", "autoballoon=\"off\"\n");
    let mut programs = vec!["usr/bin/busybox".to_owned()];
    for name in OWN {
        let path = find(all, |path| path.starts_with("usr/lib/xen-") && path.ends_with(&format!("/bin/{name}")), name)?;
        system.put(&format!("usr/bin/{name}"), Node::Link(format!("/{path}")));
        programs.push(path.to_owned());
    }
    for name in COMMON {
        programs.push(find(all, |path| path == format!("usr/bin/{name}"), name)?.to_owned());
    }
    let mut missing = BTreeSet::from([UNSAID.to_owned(), LOADER.to_owned()]);
    for path in programs {
        let (bytes, program) = all.get(&path).ok_or_else(|| lacks(&path))?;
        missing.extend(libraries(bytes));
        system.put(&path, Node::File(bytes.to_vec(), program));
    }
    put_libraries(all, &mut system, missing)?;
    put_modules(all, &mut system)?;
    let file = |name: &str, is: &dyn Fn(&str) -> bool| {
        let path = find(all, is, name)?;
        all.get(path).map(|(bytes, _)| bytes.to_vec()).ok_or_else(|| lacks(name))
    };
    let xen = file("xen-*.gz", &|path| path.starts_with("boot/xen-") && path.ends_with(".gz"))?;
    let linux = file("vmlinuz-*", &|path| path.starts_with("boot/vmlinuz-"))?;
    Ok(Parts { xen, linux, system })
}

/// Puts libraries, and those they need in turn.
fn put_libraries(all: &Tree, system: &mut Tree, mut missing: BTreeSet<String>) -> Result<(), Error> {
    let mut done = BTreeSet::new();
    while let Some(name) = missing.pop_first() {
        let path = find(all, |path| path.rsplit('/').next() == Some(&name), &name)?;
        let (bytes, _) = all.get(path).ok_or_else(|| lacks(&name))?;
        let needs = libraries(bytes);
        let folder = if name == LOADER { "usr/lib64" } else { "usr/lib/x86_64-linux-gnu" };
        system.put(&format!("{folder}/{name}"), Node::File(bytes.to_vec(), true));
        done.insert(name);
        missing.extend(needs.into_iter().filter(|name| !done.contains(name)));
    }
    Ok(())
}

/// Puts modules, and a list of them in the order in which they are loaded.
fn put_modules(all: &Tree, system: &mut Tree) -> Result<(), Error> {
    let mut order = vec![];
    for name in MODULES {
        put_module(all, system, name, &mut order)?;
    }
    system.put_text("lab/modules/order", &order.iter().map(|name| format!("{name}.ko\n")).collect::<String>());
    Ok(())
}

fn put_module(all: &Tree, system: &mut Tree, name: &str, order: &mut Vec<String>) -> Result<(), Error> {
    if order.iter().any(|there| there == name) {
        return Ok(());
    }
    let named =
        |path: &str| path.rsplit('/').next().is_some_and(|file| module(file.split('.').next().unwrap_or(file)) == name);
    let path = find(all, |path| path.starts_with("usr/lib/modules/") && named(path), name)?;
    let (bytes, _) = all.get(path).ok_or_else(|| lacks(name))?;
    let bytes = match path.rsplit('.').next() {
        Some("xz") => filtered("xz", &[], bytes)?,
        Some("zst") => filtered("zstd", &[], bytes)?,
        _ => bytes.to_vec(),
    };
    for needed in modules(&bytes) {
        put_module(all, system, &needed, order)?;
    }
    system.put(&format!("lab/modules/{name}.ko"), Node::File(bytes, false));
    order.push(name.to_owned());
    Ok(())
}

fn find<'a>(all: &'a Tree, is: impl Fn(&str) -> bool, name: &str) -> Result<&'a str, Error> {
    all.paths().find(|path| is(path)).ok_or_else(|| lacks(name))
}

fn lacks(name: &str) -> Error {
    Error::new(Exit::Unavailable, format!("none of the packages that the lab is made of has `{name}`"))
        .hint("it was made for the packages of Debian 12; `--lab=FOLDER` takes a lab that was made there")
}

/// What a program makes of some bytes: `xz --decompress --stdout`.
///
/// # Errors
/// [`Exit::Unavailable`] when it is not here or fails.
pub fn filtered(program: &str, options: &[&str], bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let filter = || -> io::Result<Vec<u8>> {
        let mut command = Command::new(program);
        command.args(["--decompress", "--stdout"]).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = thread::scope(|scope| {
            let writer = scope.spawn(move || input.map_or(Ok(()), |mut input| input.write_all(bytes)));
            let output = child.wait_with_output();
            // What follows the compressed part may not be read to its end.
            _ = writer.join();
            output
        })?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(output.stdout)
    };
    filter().map_err(|error| {
        Error::new(Exit::Unavailable, format!("`{program}` does not decompress a part of the lab: {error}"))
            .hint("`mirage doctor -t xen` says how it is got")
    })
}

/// The kernel within a `bzImage`, so that Xen, emulated, need not unpack it at every boot; as it is if it is packed by
/// anything but xz. Offsets are those of Linux's Documentation/arch/x86/boot.rst.
///
/// # Errors
/// When `xz` is not here or fails.
pub fn unpacked(linux: &[u8]) -> Result<Vec<u8>, Error> {
    let word = |at: usize| {
        let bytes = linux.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let payload = || {
        let sectors = usize::from(*linux.get(0x1f1)?);
        let start = (if sectors == 0 { 4 } else { sectors } + 1) * 512 + word(0x248)?;
        linux.get(start..start.checked_add(word(0x24c)?)?)
    };
    match payload().filter(|payload| payload.starts_with(b"\xfd7zXZ\0")) {
        Some(payload) => {
            // The length after it is no part of what xz reads.
            let kernel = filtered("xz", &["--single-stream"], payload)?;
            Ok(if kernel.starts_with(b"\x7fELF") { kernel } else { linux.to_vec() })
        }
        None => Ok(linux.to_vec()),
    }
}
