//! The date and time of day.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// The wall clock.
#[track_caller]
pub fn default_wall_clock() -> Impl<kind::WallClock> {
    device("wall_clock")
        .doc("The date and time of day")
        .on(Target::Unix, "mirage_unix::WallClock")
        .on(Target::Kvm, "mirage_kvm::WallClock")
        .on(Target::Xen, "mirage_xen::WallClock")
        .provide()
}
