//! The targets there are: what a platform must say about itself for the rest of the pipeline to build for it.
//!
//! A new target is an entry here and a platform crate; nothing else names one.

/// A target, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name: `unix`.
    pub name: &'static str,
    /// What it makes, in one line.
    pub doc: &'static str,
    /// What runs there; none while nothing does.
    pub platform: Option<Platform>,
}

/// What the generated files need to know of a target's platform crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// The library name of its crate: `mirage_unix`.
    pub library: &'static str,
    /// Attributes main.rs begins with.
    pub attributes: &'static [&'static str],
    /// How an image is started.
    pub start: Start,
}

/// How an image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As a process of this machine.
    Process,
    /// As a virtual machine.
    Machine,
}

/// The name of the target when nobody chooses.
pub const DEFAULT: &str = "unix";

/// Every target, in the order they are listed.
pub const ALL: &[Target] = &[
    Target {
        name: "unix",
        doc: "an ordinary executable for this machine",
        platform: Some(Platform { library: "mirage_unix", attributes: &[], start: Start::Process }),
    },
    Target { name: "kvm", doc: "an image for QEMU, Firecracker and Cloud Hypervisor", platform: None },
    Target { name: "xen", doc: "an image for a Xen PVH guest", platform: None },
];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
