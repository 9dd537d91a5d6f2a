//! Tasks of one's own.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// Tasks beside the job.
#[track_caller]
pub fn default_spawn() -> Impl<kind::Spawn> {
    device("spawn")
        .doc("Tasks of one's own")
        .on(Target::Unix, "mirage_unix::Spawner")
        .on(Target::Kvm, "mirage_kvm::Spawner")
        .on(Target::Xen, "mirage_xen::Spawner")
        .provide()
}
