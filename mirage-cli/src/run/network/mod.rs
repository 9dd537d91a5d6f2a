//! The network interfaces an image wants, and what is done on this host for them.

mod host;
mod interfaces;
mod rights;
mod setup;
mod subnet;

pub use host::{Changes, Host};
pub use interfaces::{Interface, cards, given, wanted};
pub use setup::{Setup, numbered, read, setup};
pub use subnet::Subnet;
