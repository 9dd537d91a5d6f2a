//! A connection (RFC 9293), without addresses, ports, input or output of its own.
//!
//! It is told of segments ([`Connection::input`]) and of the time ([`Connection::expire`]), says when it wants to be told
//! next ([`Connection::deadline`]) and hands over what is to be sent when asked ([`Connection::transmit`]). Read
//! `input` first, then `acknowledge` for what an acknowledgment does to the sender, `transmit` for what is sent when,
//! and `expire` for the timers.

mod acknowledge;
mod application;
mod config;
mod congestion;
mod expire;
mod handshake;
mod input;
mod loss;
mod rack;
mod reassembly;
mod receiver;
mod report;
mod rtt;
mod scoreboard;
mod sender;
mod state;
mod timers;
mod transmit;

#[cfg(test)]
mod tests;

pub use config::{Changes, Config, Handshake, Path, Shared, TimeWait};
pub use state::{Connection, State};
