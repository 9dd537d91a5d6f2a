//! What a socket of this stack fails with.

use core::fmt;

use embedded_io_async::ErrorKind;
use mirage::Refused;

/// Why a connection, a listener or a datagram failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A packet could not be sent.
    Send(Refused),
    /// The port is taken.
    InUse(u16),
    /// Every port of the dynamic range is taken (RFC 6335).
    NoPort,
    /// Nobody listens there.
    ConnectionRefused,
    /// The peer ended the connection at once (RST).
    Reset,
    /// The connection was given up: nobody answered in time.
    TimedOut,
    /// The path to the peer does not work: nobody answers for its address on the link, or a router says so.
    Unreachable,
    /// This end was closed already.
    Closed,
    /// Too many connections or too little memory.
    Full,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Send(refused)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(refused) => refused.fmt(f),
            Self::InUse(port) => write!(f, "port {port}: already in use"),
            Self::NoPort => f.write_str("no free port is left"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::Reset => f.write_str("connection reset"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Unreachable => f.write_str("host unreachable"),
            Self::Closed => f.write_str("closed already"),
            Self::Full => f.write_str("no room for another connection"),
        }
    }
}

impl core::error::Error for Error {}

impl embedded_io_async::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Send(Refused::TooLarge) => ErrorKind::InvalidInput,
            Self::Send(Refused::Full) | Self::Full | Self::NoPort => ErrorKind::OutOfMemory,
            Self::Send(Refused::Unreachable | Refused::NoRoute) | Self::Unreachable => ErrorKind::NotFound,
            Self::InUse(_) => ErrorKind::AddrInUse,
            Self::ConnectionRefused => ErrorKind::ConnectionRefused,
            Self::Reset => ErrorKind::ConnectionReset,
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Closed => ErrorKind::BrokenPipe,
        }
    }
}
