//! The client state by state, in virtual time: what RFC 2131 says it sends, and when.

mod client;
mod devices;
mod late;
mod script;
pub mod server;
