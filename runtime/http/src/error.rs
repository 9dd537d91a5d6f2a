//! What is wrong with a message, or with its connection.

use core::fmt;

/// What is wrong with a message, or with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The connection failed.
    Io(E),
    /// The peer took too long.
    TimedOut,
    /// The connection ended within a message.
    Truncated,
    /// The head is larger, or has more fields, than is allowed.
    HeadTooLarge,
    /// The head is not one: a bare CR or LF, a folded line, a space before a colon, a byte where none may be.
    Malformed,
    /// The version is not HTTP/1.0 or HTTP/1.1.
    Version,
    /// An HTTP/1.1 request with no `Host`, or with several, or with an impossible one (RFC 9112 §3.2).
    Host,
    /// A length that is no number, lengths that differ, or a length beside a transfer coding (RFC 9112 §6.3).
    Length,
    /// A transfer coding other than just `chunked` (RFC 9112 §6.1).
    TransferCoding,
    /// A chunk that is none (RFC 9112 §7.1).
    Chunk,
}

impl<E> Error<E> {
    /// The status that tells a client so; none if it cannot be told any more.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Io(_) | Self::Truncated => None,
            Self::TimedOut => Some(408),
            Self::HeadTooLarge => Some(431),
            Self::Malformed | Self::Host | Self::Length | Self::Chunk => Some(400),
            Self::Version => Some(505),
            Self::TransferCoding => Some(501),
        }
    }
}

impl<E> From<E> for Error<E> {
    fn from(error: E) -> Self {
        Self::Io(error)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io(error) => return error.fmt(f),
            Self::TimedOut => "the peer took too long",
            Self::Truncated => "the connection ended within a message",
            Self::HeadTooLarge => "the head is too large",
            Self::Malformed => "the head is malformed",
            Self::Version => "the version is neither HTTP/1.0 nor HTTP/1.1",
            Self::Host => "there has to be just one host, and a possible one",
            Self::Length => "the length of the body is contradictory or no number",
            Self::TransferCoding => "the transfer coding is not just `chunked`",
            Self::Chunk => "a chunk is malformed",
        })
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Error<E> {}
