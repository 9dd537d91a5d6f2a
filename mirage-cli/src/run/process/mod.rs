//! An image as a process of this machine.

mod child;
mod start;

pub use child::{send, status_of};
pub use start::{dry_run, run};
