//! A stub resolver (RFC 1034, section 5.3.1): it asks the name servers the stack was told of, and remembers what they
//! said.
//!
//! What a name server says is checked by hand, and nothing is believed that is not an answer to what was asked: the
//! number, the port, the server and the question must fit, and the question in the very capitals it was written in.
//!
//! Not implemented: DNSSEC, EDNS (replies over 512 bytes come over TCP), search domains, a hosts file, multicast DNS,
//! names beyond ASCII (write `xn--…`).

mod both;
mod cache;
mod error;
mod exchange;
mod flight;
mod message;
mod name;
mod resolver;

#[cfg(test)]
mod tests;

pub use error::{Error, Reason};
pub use message::{Kind, Outcome, Query, Unfit};
pub use name::{BadName, Name};
pub use resolver::Resolver;
