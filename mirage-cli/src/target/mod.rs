//! The targets there are: what a platform must say about itself for the rest of the pipeline to build for it.
//!
//! A new target is an entry here and a platform crate; nothing else names one.

use crate::error::Error;

/// A target, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name: `unix`.
    pub name: &'static str,
    /// What it makes, in one line.
    pub doc: &'static str,
    /// What runs there.
    pub platform: Platform,
}

/// What the generated files need to know of a target's platform crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// The library name of its crate: `mirage_unix`.
    pub library: &'static str,
    /// Attributes main.rs begins with.
    pub attributes: &'static [&'static str],
    /// What an image is linked to run on.
    pub link: Link,
    /// What is put behind a unikernel's name for that of its image: `.kvm`.
    pub suffix: &'static str,
    /// How an image is started.
    pub start: Start,
    /// The file that is written beside an image for who starts it; none if nobody reads one.
    pub config: Option<Config>,
}

/// What an image is linked to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The host's own libraries.
    Host,
    /// A machine, as a linker script lays it out.
    Bare {
        /// The library name of the crate whose folder the script is in.
        library: &'static str,
        /// Its name there.
        script: &'static str,
        /// What rustc is told besides, of the crates that platform is made of.
        flags: &'static [&'static str],
    },
}

/// How an image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As a process of this machine.
    Process,
    /// As a virtual machine.
    Machine,
    /// As a domain of Xen's.
    Domain,
}

/// A file that says how an image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    /// What `xl create` reads (xl.cfg(5)).
    Xl,
}

impl Config {
    /// What is put behind a unikernel's name for that of the file.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Xl => ".xl",
        }
    }
}

/// The name of the target when nobody chooses.
pub const DEFAULT: &str = "unix";

const BARE: Link = Link::Bare {
    library: "mirage_pvh",
    script: "image.ld",
    // Of its random numbers the variant every processor runs: what AVX keeps is not switched on, and would be dead code.
    flags: &["--cfg=chacha20_backend=\"sse2\""],
};

/// Every target, in the order they are listed.
pub const ALL: &[Target] = &[
    Target {
        name: "unix",
        doc: "an ordinary executable for this machine",
        platform: Platform {
            library: "mirage_unix",
            attributes: &[],
            link: Link::Host,
            suffix: "",
            start: Start::Process,
            config: None,
        },
    },
    Target {
        name: "kvm",
        doc: "an image for QEMU, Firecracker and Cloud Hypervisor",
        platform: Platform {
            library: "mirage_kvm",
            attributes: &["#![no_std]", "#![no_main]"],
            link: BARE,
            suffix: ".kvm",
            start: Start::Machine,
            config: None,
        },
    },
    Target {
        name: "xen",
        doc: "an image for a Xen PVH guest",
        platform: Platform {
            library: "mirage_xen",
            attributes: &["#![no_std]", "#![no_main]"],
            link: BARE,
            suffix: ".xen",
            start: Start::Domain,
            config: Some(Config::Xl),
        },
    },
];

/// The platform of the target of this name.
///
/// # Errors
/// A bug: a plan is for a target that there is.
pub fn platform(name: &str) -> Result<Platform, Error> {
    let platform = find(name).map(|target| target.platform);
    platform.ok_or_else(|| Error::bug(format!("a plan for `{name}`, which is no target")))
}

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
