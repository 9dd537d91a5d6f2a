//! Why a name has no addresses.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt::{self, Write as _};
use core::net::IpAddr;

use super::BadName;

/// A name without addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The name.
    pub name: String,
    /// Why it has none.
    pub reason: Reason,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It cannot be a name.
    Bad(BadName),
    /// Nobody knows whom to ask.
    NoServer,
    /// It does not exist.
    Missing,
    /// It exists, but not as that of a host.
    NoAddress,
    /// Its aliases lead in a circle, or too far.
    Circle,
    /// No name server answers.
    Silence,
    /// A name server answers that it cannot say, for the reason of this number (RFC 1035, section 4.1.1).
    Failed(IpAddr, u8),
    /// A name server cannot be asked, or what it says makes no sense.
    Broken(IpAddr, String),
}

impl Reason {
    pub(super) fn of(self, name: &str) -> Error {
        Error { name: name.to_owned(), reason: self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for letter in self.name.chars() {
            if letter.is_control() {
                write!(f, "{}", letter.escape_default())?;
            } else {
                f.write_char(letter)?;
            }
        }
        write!(f, "` cannot be resolved: {}", self.reason)
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(bad) => bad.fmt(f),
            Self::NoServer => f.write_str("no name server is known; give one with `--nameserver ADDRESS`"),
            Self::Missing => f.write_str("there is no such name"),
            Self::NoAddress => f.write_str("it has no address"),
            Self::Circle => f.write_str("its aliases lead in a circle or too far"),
            Self::Silence => f.write_str("no name server answers"),
            Self::Failed(server, code) => match code {
                2 => write!(f, "the name server {server} fails (SERVFAIL)"),
                5 => write!(f, "the name server {server} refuses to say (REFUSED)"),
                _ => write!(f, "the name server {server} cannot say (error {code})"),
            },
            Self::Broken(server, why) => write!(f, "the name server {server} cannot be asked: {why}"),
        }
    }
}
