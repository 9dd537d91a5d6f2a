//! A TCP/IP stack in layers, each generic over the one below: Ethernet, ARP, IP, UDP, TCP, and DHCP and DNS over them.
//!
//! Nothing here knows an operating system or a device. A layer is a handle that is cheap to clone; it attaches itself
//! to the layer below, which hands it what has come and polls it at the end of every round:
//!
//! ```text
//! wait for frames, for a task that has something to send, or for a deadline
//!   take the frames there are      ──▶ each layer's `input`, up to a connection, which wakes its task
//!   let the tasks run              ──▶ they read and write in connections
//!   poll the layers                ──▶ what became due is sent, nothing else is visited
//!   notify the device, once
//! ```
//!
//! The loop belongs to [`ethernet`]; no layer has one of its own. README.md says what is not implemented.
#![no_std]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait)] // single-threaded by design: no future here is ever `Send`

extern crate alloc;

pub mod addressed;
pub mod arp;
mod attached;
mod checksum;
pub mod dhcp;
pub mod dns;
pub mod dual;
mod due;
mod error;
pub mod ethernet;
mod index;
pub mod ipv4;
pub mod ipv6;
pub mod joined;
mod limit;
mod neighbours;
mod parts;
mod paths;
mod ports;
mod reassembly;
mod routes;
pub mod stack;
pub mod tcp;
mod turn;
pub mod udp;

pub use addressed::Addressed;
pub use arp::Arp;
pub use dhcp::{Addresses, Auto, Dhcp, Static};
pub use dns::Resolver;
pub use dual::Dual;
pub use error::Error;
pub use ethernet::Ethernet;
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use joined::Joined;
pub use stack::Direct;
pub use tcp::Tcp;
pub use udp::Udp;
