//! An endpoint over an IP in memory, in time that passes when told to.

mod host;
mod link;
mod tasks;
mod values;

pub use host::{Host, PEER, SERVER, ack, flushed, poll, ready, syn};
pub use link::{Link, Sent};
pub use tasks::Tasks;
pub use values::{Numbers, VirtualClock};
