//! Starting an image.
//!
//! ```text
//! plan ──network/interfaces──▶ what the image wants ──network/setup──▶ steps, and words for the image
//!                                     │
//!                 process/: a process of this machine      machine/: a virtual machine, by a monitor
//! ```
//! All but the last step are functions from data to data, so that `--dry-run` shows what would be done.

pub mod machine;
mod network;
mod process;
mod start;
mod steps;

pub use network::Subnet;
pub use start::{Options, dry_run, run};
pub use steps::Steps;
