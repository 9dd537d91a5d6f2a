//! What the kernel refuses, in words.

use std::fmt;

use embedded_io_async::ErrorKind;
use rustix::io::Errno;

/// What the kernel refused and, where it is not plain, for what.
#[derive(Clone, Debug)]
pub struct Error {
    errno: Errno,
    /// What was wanted, as in `port 80`.
    subject: Option<Box<str>>,
}

impl Error {
    pub(crate) fn about(errno: Errno, subject: impl fmt::Display) -> Self {
        Self { errno, subject: Some(subject.to_string().into_boxed_str()) }
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self { errno, subject: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        match self.errno {
            Errno::ADDRINUSE => f.write_str("already in use"),
            Errno::ACCESS | Errno::PERM => f.write_str("permission denied"),
            Errno::ADDRNOTAVAIL => f.write_str("this host has no such address"),
            Errno::CONNREFUSED => f.write_str("connection refused"),
            Errno::CONNRESET => f.write_str("connection reset"),
            Errno::TIMEDOUT => f.write_str("timed out"),
            Errno::HOSTUNREACH | Errno::NETUNREACH => f.write_str("unreachable"),
            Errno::MFILE | Errno::NFILE => f.write_str("too many open files"),
            errno => write!(f, "{}", std::io::Error::from(errno)),
        }?;
        if self.errno == Errno::ACCESS && self.subject.is_some() {
            f.write_str(" (ports below 1024 need root or CAP_NET_BIND_SERVICE)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl embedded_io_async::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self.errno {
            Errno::ACCESS | Errno::PERM => ErrorKind::PermissionDenied,
            Errno::ADDRINUSE => ErrorKind::AddrInUse,
            Errno::ADDRNOTAVAIL => ErrorKind::AddrNotAvailable,
            Errno::CONNABORTED => ErrorKind::ConnectionAborted,
            Errno::CONNREFUSED => ErrorKind::ConnectionRefused,
            Errno::CONNRESET => ErrorKind::ConnectionReset,
            Errno::HOSTUNREACH | Errno::NETUNREACH => ErrorKind::NotFound,
            Errno::INVAL | Errno::MSGSIZE | Errno::AFNOSUPPORT => ErrorKind::InvalidInput,
            Errno::NOMEM | Errno::NOBUFS | Errno::MFILE | Errno::NFILE => ErrorKind::OutOfMemory,
            Errno::NOTCONN => ErrorKind::NotConnected,
            Errno::PIPE => ErrorKind::BrokenPipe,
            Errno::TIMEDOUT => ErrorKind::TimedOut,
            _ => ErrorKind::Other,
        }
    }
}
