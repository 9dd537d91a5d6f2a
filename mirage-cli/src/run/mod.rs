//! Starting an image.
//!
//! ```text
//! plan ──network/interfaces──▶ what the image wants ──network/setup──▶ steps, and words for the image
//!                                     │
//!         process/: a process of this machine   machine/: a virtual machine, by a monitor   xen/: a domain of Xen's
//! ```
//! All but the last step are functions from data to data, so that `--dry-run` shows what would be done.

mod console;
mod folder;
mod guard;
pub mod machine;
pub(crate) mod network;
mod process;
mod publish;
mod start;
mod steps;
mod streams;
mod symbols;
pub mod xen;

pub use guard::obey as obey_guard;
pub use network::Subnet;
pub use publish::Publish;
pub use start::{Options, dry_run, run};
pub use steps::Steps;
