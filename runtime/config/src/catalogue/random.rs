//! Random numbers nobody can foretell.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// Random numbers, seeded by the platform.
#[track_caller]
pub fn default_random() -> Impl<kind::Random> {
    device("random")
        .doc("Random numbers nobody can foretell")
        .on(Target::Unix, "mirage_unix::Random")
        .on(Target::Kvm, "mirage_kvm::Random")
        .on(Target::Xen, "mirage_xen::Random")
        .provide()
}
