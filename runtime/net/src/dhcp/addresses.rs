//! The addresses of several interfaces.

use core::convert::Infallible;

/// What gives two interfaces their addresses, kept for as long as they are used.
#[derive(Clone)]
pub struct Addresses<A, B> {
    _first: A,
    _second: B,
}

impl<A: Clone + 'static, B: Clone + 'static> Addresses<A, B> {
    /// Puts the two together.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(first: A, second: B) -> Result<Self, Infallible> {
        Ok(Self { _first: first, _second: second })
    }
}
