//! Why a unikernel ended other than well.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// Why a unikernel ended other than well. Boxed: it is handed on from every device there is, and would be copied each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: FailureKind,
    name: &'static str,
    declared: &'static str,
    reason: String,
}

/// Which part of a unikernel failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A job returned an error.
    Job,
    /// A device could not be connected.
    Device,
    /// The command line could not be taken.
    Arguments,
}

impl FailureKind {
    /// The exit status a unikernel ends with, the same on every target: 0 is left for success.
    pub const fn status(self) -> u8 {
        match self {
            Self::Job => 1,
            Self::Device => 2,
            Self::Arguments => 64,
        }
    }
}

impl Failure {
    /// A failure of `name`, which `declared` (as in `config.rs:4`) plumbed.
    pub fn new(kind: FailureKind, name: &'static str, declared: &'static str, reason: String) -> Self {
        Self(Box::new(Inner { kind, name, declared, reason }))
    }

    /// Which part failed.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, name, declared, reason } = &*self.0;
        match kind {
            FailureKind::Job => write!(f, "job `{name}` failed: {reason} ({declared})"),
            FailureKind::Device => write!(f, "device `{name}` could not be connected: {reason} ({declared})"),
            FailureKind::Arguments => f.write_str(reason),
        }
    }
}

impl core::error::Error for Failure {}
