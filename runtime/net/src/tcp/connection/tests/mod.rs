//! Tests: packet scripts, one a rule, and two connections over a bad network.

mod closing;
mod handshake;
mod hostile;
mod loss;
mod network;
mod receiving;
mod reset;
mod rules;
mod schedules;
mod script;
mod sending;
mod timeouts;
