//! Where an IPv4 stack has its address from: told at start, or by DHCP (RFC 2131).
//!
//! [`Static`], [`Dhcp`] and [`Auto`] give IPv4 its address, and are connected once it has one. The client is in `client`,
//! a state machine that knows neither sockets nor clocks; `device` has it talk.
//!
//! Not implemented: probing an offered address before it is taken, and declining it (RFC 2131, section 4.4.1); INIT-REBOOT
//! (there is nowhere to remember an address over a restart); giving a lease back at the end; DHCPINFORM.

mod auto;
mod client;
mod device;
mod error;
mod lease;
mod message;
mod ready;
mod told;

#[cfg(test)]
mod tests;

pub use auto::Auto;
pub use client::{Client, Event, Loss};
pub use device::Dhcp;
pub use error::Error;
pub use lease::Lease;
pub(crate) use mirage::args::{AutoIpv4, DhcpIpv4, Nameserver, StaticIpv4};
pub(crate) use mirage::args::{Ipv4Address as Address, Ipv4Network as Network};
pub use told::Static;
