//! The least Linux that serves HTTP: Debian's kernel for clouds, fetched by apt and opened by dpkg, not installed, with one
//! program of ours, `guest/init.c`, as all of its system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// What apt is asked for; it depends on the kernel of the day.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// The modules of a virtio network card on a machine without PCI, each after those it builds on.
pub const VIRTIO: &[&str] = &[
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_mmio",
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
];
/// That of a domain's.
pub const XEN: &[&str] = &["drivers/net/xen-netfront"];

/// A Linux that can be booted.
pub struct Linux {
    /// The kernel, as Debian packs it.
    pub kernel: PathBuf,
    /// Its system, compressed by nothing: what is unpacked takes time at each boot.
    pub system: PathBuf,
}

impl Linux {
    /// One with these modules, whose server sends `answer`, bytes of a whole response, for each request. What Debian has of
    /// it is kept in `folder` for the next time.
    pub fn make(folder: &Path, modules: &[&str], answer: &[u8]) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let opened = folder.join("opened");
        if !opened.join("boot").is_dir() {
            let depends = said(Command::new("apt-cache").args(["depends", PACKAGE]))?;
            let package = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
            let package = package.with_context(|| format!("apt knows no {PACKAGE}: apt-get update"))?;
            said(Command::new("apt-get").current_dir(folder).args(["download", package]))?;
            let file = found(folder, |name| name.starts_with(package) && name.ends_with(".deb"))?;
            said(Command::new("dpkg-deb").arg("-x").args([&file, &opened]))?;
        }
        let kernel = found(&opened.join("boot"), |name| name.starts_with("vmlinuz-"))?;
        let all = found(&opened.join("lib/modules"), |_| true)?.join("kernel");

        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("modules"))?;
        for (number, module) in modules.iter().enumerate() {
            let to = root.path().join(format!("modules/{number}.ko"));
            said(Command::new("strip").arg("--strip-debug").arg("-o").arg(to).arg(all.join(format!("{module}.ko"))))?;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/init.c");
        compile(&source, &root.path().join("init"))?;
        fs::write(root.path().join("answer"), answer)?;
        let system = folder.join("system.cpio");
        let pack = "find . | sort | cpio --quiet --create --format=newc --owner=+0:+0";
        let mut packed = Command::new("sh");
        packed.current_dir(root.path()).args(["-c", pack]).stdout(fs::File::create(&system)?);
        ensure!(packed.status()?.success(), "`cpio` is needed: apt-get install cpio");
        Ok(Self { kernel, system })
    }

    /// What it is told: to leave out whatever takes time; and `more`, which says at least its `ADDRESS`.
    pub fn command_line(console: &str, more: &str) -> String {
        format!(
            "console={console} quiet loglevel=0 mitigations=off tsc=reliable nokaslr no_timer_check \
             cryptomgr.notests audit=0 apparmor=0 selinux=0 panic=-1 rdinit=/init {more}"
        )
    }

    /// The bytes of its kernel and of its system as small as gzip makes that.
    pub fn size(&self) -> anyhow::Result<f64> {
        let gzip = Command::new("gzip").args(["-9", "-c"]).arg(&self.system).output()?;
        ensure!(gzip.status.success(), "gzip fails");
        Ok((fs::metadata(&self.kernel)?.len() + gzip.stdout.len() as u64) as f64)
    }
}

/// The frequency of this processor's time stamp, in kHz, which machines of QEMU's have as well.
pub fn khz() -> anyhow::Result<u64> {
    let all = fs::read_to_string("/proc/cpuinfo")?;
    let line = all.lines().find(|line| line.starts_with("cpu MHz")).context("the processor shows no frequency")?;
    let megahertz: f64 = line.rsplit(' ').next().unwrap_or_default().parse()?;
    Ok((megahertz * 1e3) as u64)
}

/// A program that wants no library.
pub fn compile(source: &Path, program: &Path) -> anyhow::Result<()> {
    said(Command::new("gcc").args(["-O2", "-static", "-s", "-o"]).args([program, source])).map(drop)
}

/// What a program says that must succeed.
fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first file of a folder with such a name.
fn found(folder: &Path, is: impl Fn(&str) -> bool) -> anyhow::Result<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    names.retain(|path| path.file_name().is_some_and(|name| is(&name.to_string_lossy())));
    names.sort();
    names.into_iter().next().with_context(|| format!("{} has not what is looked for", folder.display()))
}
