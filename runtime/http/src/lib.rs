//! HTTP/1.1 for unikernels: messages over any byte stream, and a server.
//!
//! [`Head`] reads the head of a request or a response (RFC 9112 §2–5), [`Body`] what follows it (§6–7), [`Compose`]
//! writes heads, [`serve`] answers the requests of a connection, and [`fields::forwarded`] says which fields a proxy
//! passes on (RFC 9110 §7.6). What two readers could take for different messages is refused, not guessed at.
//!
//! ```
//! use mirage::{Flow, Time};
//! use mirage_http::{Error, Limits, serve};
//!
//! /// Greets over any connection of any stack.
//! async fn greet<F: Flow>(flow: F, time: impl Time) -> Result<(), Error<F::Error>> {
//!     serve(flow, &time, &Limits::default(), async |exchange| match exchange.head().target() {
//!         "/" => exchange.respond(200, [("Content-Type", &b"text/plain"[..])], b"hello\n").await,
//!         _ => exchange.respond(404, [], b"").await,
//!     })
//!     .await
//! }
//! ```
//!
//! Not implemented: HTTP/2, TLS, upgrades, `CONNECT`, byte ranges, compression, trailers (they are read and dropped).
#![no_std]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait)]

extern crate alloc;

mod body;
mod compose;
mod error;
mod exchange;
pub mod fields;
mod framing;
mod head;
mod limits;
mod serve;
pub mod status;
mod swar;

pub use body::Body;
pub use compose::Compose;
pub use error::Error;
pub use exchange::{Exchange, Incoming, Outgoing};
pub use framing::Framing;
pub use head::{Head, Version};
pub use limits::Limits;
pub use serve::serve;
