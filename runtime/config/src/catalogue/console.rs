//! Where the operator reads and types.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// The console: standard input and output on unix, the serial line or the hypervisor's console elsewhere.
#[track_caller]
pub fn default_console() -> Impl<kind::Console> {
    console("mirage_kvm::Console")
}

/// A console over virtio in virtual machines of kvm that have one, as `mirage run --console virtio` makes them; elsewhere, and
/// in those that have none, the same as [`default_console`]. It is quicker than a serial port, and takes a few kilobytes.
#[track_caller]
pub fn virtio_console() -> Impl<kind::Console> {
    console("mirage_kvm::VirtioConsole")
}

/// The console, which is this type on kvm.
#[track_caller]
fn console(on_kvm: &'static str) -> Impl<kind::Console> {
    device("console")
        .doc("Where the operator reads and types")
        .on(Target::Unix, "mirage_unix::Stdio")
        .on(Target::Kvm, on_kvm)
        .on(Target::Xen, "mirage_xen::Console")
        .provide()
}
