//! What a machine may have or lack, as data.

use std::fs::{self, OpenOptions};
use std::process::{Command, Stdio};

use crate::run::{machine, xen};

/// No distribution has it; its releases are called by their version.
const FIRECRACKER: &str = "\
v=$(curl -fsSL -o /dev/null -w '%{url_effective}' https://github.com/firecracker-microvm/firecracker/releases/latest) && \
v=${v##*/} && curl -fsSL https://github.com/firecracker-microvm/firecracker/releases/download/$v/\
firecracker-$v-x86_64.tgz | tar -xz && sudo install release-$v-x86_64/firecracker-$v-x86_64 /usr/local/bin/firecracker";

/// No distribution has it; the newest release's file has a name of its own.
const CLOUD_HYPERVISOR: &str = "\
curl -fsSLO https://github.com/cloud-hypervisor/cloud-hypervisor/releases/latest/download/cloud-hypervisor-static && \
sudo install cloud-hypervisor-static /usr/local/bin/cloud-hypervisor";

/// Something a machine may have or lack.
pub struct Check {
    /// What it is called.
    pub name: &'static str,
    /// The targets it is for; none if it is for all.
    pub targets: &'static [&'static str],
    /// What it is needed for.
    pub purpose: &'static str,
    /// How much it is needed.
    pub need: Need,
    /// Looks for it.
    pub probe: fn() -> Result<String, String>,
    /// The command that gets it, where it is no package.
    pub get: Option<&'static str>,
    /// Its package's name for `apt-get`, `dnf`, `pacman`, `zypper` and `apk`, in this order.
    pub packages: [&'static str; 5],
}

/// How much something is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing is built without it.
    ToBuild,
    /// Nothing is run without it.
    ToRun,
    /// Nothing is run without it or another one of these.
    OneToRun,
    /// There is another way, or it is for something more.
    Optional,
}

const NO_PACKAGE: [&str; 5] = [""; 5];

/// Everything that is looked for.
pub const CHECKS: &[Check] = &[
    Check {
        name: "cargo",
        targets: &[],
        purpose: "builds everything",
        need: Need::ToBuild,
        probe: || version("cargo"),
        get: Some("curl https://sh.rustup.rs -sSf | sh"),
        packages: NO_PACKAGE,
    },
    Check {
        name: "rustc",
        targets: &[],
        purpose: "compiles everything; 1.95 or later",
        need: Need::ToBuild,
        probe: rustc,
        get: Some("rustup update stable"),
        packages: NO_PACKAGE,
    },
    Check {
        name: "cc",
        targets: &[],
        purpose: "links what runs on this machine, config.rs included",
        need: Need::ToBuild,
        probe: || version("cc"),
        get: None,
        packages: ["gcc libc6-dev", "gcc", "gcc", "gcc", "gcc musl-dev"],
    },
    Check {
        name: "qemu-system-x86_64",
        targets: &["kvm"],
        purpose: "runs images, with or without /dev/kvm",
        need: Need::OneToRun,
        probe: || version("qemu-system-x86_64"),
        get: None,
        packages: ["qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86", "qemu-x86", "qemu-system-x86_64"],
    },
    Check {
        name: "/dev/kvm",
        targets: &["kvm"],
        purpose: "without it images are emulated, slowly",
        need: Need::Optional,
        probe: || opens("/dev/kvm"),
        get: Some("sudo usermod -aG kvm $USER"),
        packages: NO_PACKAGE,
    },
    Check {
        name: "hardware virtualization",
        targets: &["kvm"],
        purpose: "without it images are emulated, slowly",
        need: Need::Optional,
        probe: virtualization,
        get: None,
        packages: NO_PACKAGE,
    },
    Check {
        name: "firecracker",
        targets: &["kvm"],
        purpose: "runs images, with /dev/kvm and tap devices",
        need: Need::OneToRun,
        probe: || version("firecracker"),
        get: Some(FIRECRACKER),
        packages: NO_PACKAGE,
    },
    Check {
        name: "cloud-hypervisor",
        targets: &["kvm"],
        purpose: "runs images, with /dev/kvm and tap devices",
        need: Need::OneToRun,
        probe: || version("cloud-hypervisor"),
        get: Some(CLOUD_HYPERVISOR),
        packages: NO_PACKAGE,
    },
    Check {
        name: "/dev/net/tun",
        targets: &["unix", "kvm"],
        purpose: "for tap devices: `--net direct` on unix, `--network tap` on kvm",
        need: Need::Optional,
        probe: || opens("/dev/net/tun"),
        get: Some("sudo modprobe tun"),
        packages: NO_PACKAGE,
    },
    Check {
        name: "ip",
        targets: &["unix", "kvm"],
        purpose: "for tap devices: `--net direct` on unix, `--network tap` on kvm",
        need: Need::Optional,
        probe: || version_by("ip", "-V"),
        get: None,
        packages: ["iproute2", "iproute", "iproute2", "iproute2", "iproute2"],
    },
    Check {
        name: "xl",
        targets: &["xen"],
        purpose: "starts domains on a Xen host",
        need: Need::OneToRun,
        probe: || version_by("xl", "info"),
        get: None,
        packages: ["xen-system-amd64", "xen-runtime", "xen", "xen-tools", "xen"],
    },
    Check {
        name: "lab",
        targets: &["xen"],
        purpose: "a Xen in QEMU, for `--lab`",
        need: Need::OneToRun,
        probe: xen::lab::ready,
        get: None,
        packages: [
            "qemu-system-x86 seabios xz-utils",
            "qemu-system-x86-core seabios-bin",
            "qemu-system-x86 seabios",
            "qemu-x86 qemu-seabios",
            "qemu-system-x86_64 seabios",
        ],
    },
];

/// The processor's extension for virtualization, in the words of `/proc/cpuinfo`.
fn virtualization() -> Result<String, String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").map_err(|error| error.to_string())?;
    let found = machine::virtualization(&cpuinfo).map(str::to_owned);
    found.ok_or_else(|| {
        "neither vmx nor svm: the processor has none, its firmware has it switched off, or the cloud keeps it"
            .to_owned()
    })
}

/// The first line a program says about its version.
fn version(program: &str) -> Result<String, String> {
    version_by(program, "--version")
}

fn version_by(program: &str, option: &str) -> Result<String, String> {
    let output = Command::new(program).arg(option).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "not found".to_owned(),
        _ => error.to_string(),
    })?;
    if !output.status.success() {
        return Err(format!("`{program} {option}` ends with {}", output.status));
    }
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or("there").trim().to_owned())
}

fn rustc() -> Result<String, String> {
    let said = version("rustc")?;
    let number = said.split(' ').nth(1).unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    let found: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= (1, 95) { Ok(said) } else { Err(format!("{number} is too old")) }
}

fn opens(path: &str) -> Result<String, String> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(_) => Ok("can be opened".to_owned()),
        Err(error) => Err(match error.kind() {
            std::io::ErrorKind::NotFound => "not there".to_owned(),
            std::io::ErrorKind::PermissionDenied => "not for this user".to_owned(),
            _ => error.to_string(),
        }),
    }
}
