//! Xenstore: a tree of short texts in which domains agree on what is between them.
//!
//! `wire` is the messages and their ring, `client` who asks and who waits.

mod client;
mod wire;

pub use client::{Error, Store, Watch};
