//! Where the `log` crate's records go.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// The sink of the `log` crate: standard error on unix, the console elsewhere; `--logs` filters it.
#[track_caller]
pub fn default_logger() -> Impl<kind::Logger> {
    device("logger")
        .doc("Where the `log` crate's records go")
        .on(Target::Unix, "mirage_unix::Logger")
        .on(Target::Kvm, "mirage_kvm::Logger")
        .on(Target::Xen, "mirage_xen::Logger")
        .provide()
}
