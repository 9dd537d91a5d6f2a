//! What a peer may ask for.

use core::time::Duration;

/// How large a head may be and how long a peer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, from the first of its first line to the last of the empty line that ends it. 16 KiB if nothing
    /// is said; more than 2³² − 1 means that.
    pub head: usize,
    /// How long a connection may be kept open without a request. 75 s if nothing is said.
    pub idle: Duration,
    /// How long a head may take, once begun, and how long nothing may move of what is read or written after it. 10 s if
    /// nothing is said.
    pub patience: Duration,
}

impl Limits {
    /// Fields of a head. Past that it is refused.
    pub const FIELDS: usize = 100;

    /// Bytes of a chunk's first line, and of all trailers together (RFC 9112 §7.1).
    pub const LINE: usize = 4096;

    /// Bytes that chunked coding may take in a body beyond 16 for each chunk and two for each byte of data.
    pub const OVERHEAD: u64 = 16 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 16 * 1024, idle: Duration::from_secs(75), patience: Duration::from_secs(10) }
    }
}
