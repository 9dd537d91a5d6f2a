//! Time since boot, never going back.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// The monotonic clock.
#[track_caller]
pub fn default_clock() -> Impl<kind::Clock> {
    device("clock")
        .doc("Time since boot, never going back")
        .on(Target::Unix, "mirage_unix::Clock")
        .on(Target::Kvm, "mirage_kvm::Clock")
        .on(Target::Xen, "mirage_xen::Clock")
        .provide()
}
