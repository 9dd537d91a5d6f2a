//! The endpoint: from a packet to its connection and back.
//!
//! [`Core`] holds the connections and is what the handles of applications know; [`Endpoint`] is what IP knows, and adds
//! what strangers may do.

mod answer;
mod batch;
mod checksum;
mod connections;
mod core;
mod device;
mod input;
mod output;
mod passive;
mod poll;
mod report;
mod socket;

pub(super) use self::core::{Core, Port};
pub(super) use device::Endpoint;
pub use device::{Stats, Tcp};
pub(super) use socket::Socket;
