//! Host names.

use alloc::vec::Vec;
use core::fmt::Display;
use core::net::IpAddr;

/// Turns host names into addresses.
#[diagnostic::on_unimplemented(message = "a resolver is wanted here, but this is a `{Self}`", label = "not a resolver")]
pub trait Resolver: Clone + 'static {
    /// Why a name has no addresses.
    type Error: Display + 'static;

    /// The addresses of `name`, the preferred first; at least one. An address in text form resolves to itself.
    ///
    /// # Errors
    /// When the name does not exist, has no address, or nobody answers.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Self::Error>;
}
