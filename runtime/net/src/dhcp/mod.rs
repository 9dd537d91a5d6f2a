//! Where an IPv4 stack has its address from: told at start, or by DHCP (RFC 2131).
//!
//! [`Static`], [`Dhcp`] and [`Auto`] give IPv4 its address, and are connected once it has one. The client is in `client`,
//! a state machine that knows neither sockets nor clocks; `device` has it talk.
//!
//! A leased address is probed before it is used (RFC 5227), for 0.3 s, and declined when somebody has it, also later. One
//! told at start is used at once, announced and asked for at the same time: who told it knows the network, and has the
//! unikernel start within milliseconds; that somebody else has it is logged with the other's hardware address, and it is
//! defended.
//!
//! Not implemented: INIT-REBOOT (there is nowhere to remember an address over a restart); giving a lease back at the end;
//! DHCPINFORM; classless routes (RFC 3442), for which there is `--ipv4-route`.

mod addresses;
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

pub use addresses::Addresses;
pub use auto::Auto;
pub use client::{Client, Event, Loss};
pub use device::Dhcp;
pub use error::Error;
pub use lease::Lease;
pub(crate) use mirage::args::{AutoIpv4, DhcpIpv4, Nameserver, StaticIpv4};
pub(crate) use mirage::args::{Ipv4Address as Address, Ipv4Network as Network};
pub use told::Static;
