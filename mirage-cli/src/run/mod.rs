//! Starting an image.
//!
//! ```text
//! plan ──interfaces──▶ what the image wants ──setup──▶ steps, and words for the image ──start──▶ a process
//! ```
//! The first two arrows are functions from data to data, so that `--dry-run` shows what would be done.

mod child;
mod host;
mod interfaces;
mod setup;
mod start;
mod subnet;

pub use start::{Options, dry_run, run};
pub use subnet::Subnet;
