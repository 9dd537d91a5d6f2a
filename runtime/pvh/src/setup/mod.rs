//! From the entry to the seal: in ring 3, over the boot's mapping of everything, which is gone afterwards.

mod early;
mod known;
mod layout;
mod processor;
mod tables;

pub use early::Early;
pub(crate) use known::layout;
pub use known::{boot, shared};
pub(crate) use layout::Layout;
#[cfg(mirage_bare)]
pub(crate) use layout::STACKS;
pub use processor::{has_deadline, time_stamp};
pub(crate) use processor::{has_random, random};

#[cfg(mirage_bare)]
mod start;
