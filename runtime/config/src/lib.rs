//! What config.rs is written with: devices, keys, jobs, and the catalogue of devices there are.
//!
//! ```
//! use mirage_config::prelude::*;
//! # mod hello {
//! #     use mirage::{Console, Stack};
//! #     #[mirage::job]
//! #     pub async fn start(console: impl Console, stack: impl Stack) {}
//! # }
//!
//! fn main() -> Unikernel {
//!     let console = default_console();
//!     let stack = generic_stack(default_network());
//!     unikernel("hello").job(job!(hello::start(console, stack)))
//! }
//! ```
//!
//! A handle ([`Impl`]) is typed by what its device provides, so that a device in the wrong place is a compile error at
//! that place. Using a handle twice shares one device; calling a constructor twice makes two. Nothing is connected
//! here: config.rs only describes, both branches of every choice, and `mirage configure` takes it from there.
#![forbid(unsafe_code)]

pub mod catalogue;
mod device;
mod graph;
mod job;
mod key;
mod node;
mod unikernel;
pub mod unmarked;

pub use device::{Device, Target, Targets, device};
pub use job::{Job, check};
pub use key::{Chooses, Flag, Key, OneOf, choice, flag, if_impl, match_impl, target};
pub use node::{Handle, Impl};
pub use unikernel::{Unikernel, unikernel};

/// All of it, for config.rs.
pub mod prelude {
    pub use crate::catalogue::*;
    pub use crate::{
        Device, Impl, Key, Target, Unikernel, choice, device, flag, if_impl, match_impl, target, unikernel,
    };
    pub use mirage_derive::plumb as job;
}
