//! Sleeps and time-outs.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// Sleeps and time-outs.
#[track_caller]
pub fn default_time() -> Impl<kind::Time> {
    device("time")
        .doc("Sleeps and time-outs")
        .on(Target::Unix, "mirage_unix::Time")
        .on(Target::Kvm, "mirage_kvm::Time")
        .on(Target::Xen, "mirage_xen::Time")
        .provide()
}
