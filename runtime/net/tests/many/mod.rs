//! A server over the whole stack, Ethernet to TCP, and many peers whose frames are made by hand.

mod peers;
mod server;
mod wire;

pub use peers::Peers;
pub use server::{Never, Server};
