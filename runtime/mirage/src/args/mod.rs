//! Runtime arguments: what a unikernel is told at boot, by argv on unix and by the kernel command line elsewhere.
//!
//! [`Argument`] describes one, `#[derive(Args)]` a struct of them; [`Values`] is a checked command line, [`words`]
//! cuts a kernel command line by the one quoting rule there is.

mod address;
mod describe;
mod ipv4;
mod ipv6;
mod matches;
mod route;
mod usage;
mod value;
mod words;

pub use address::{Ipv4Address, Ipv4Network, Malformed, is_host};
pub use describe::{Argument, Group, Shape};
pub use ipv4::{AutoIpv4, DhcpIpv4, StaticIpv4};
pub use ipv6::{Ipv6, Ipv6Network};
pub use matches::{Matches, Request, Values};
pub use route::{Ipv4Route, Ipv6Route, Nameserver};
pub use usage::Usage;
pub use value::{FromArg, Microseconds, Seconds};
pub use words::{join, words};

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

use crate::MacAddress;
use crate::log::Filter;

/// Arguments of the application's own, made from a struct by `#[derive(Args)]`.
///
/// Each field is one argument named after it: `bool` is a flag, `Option<T>` may be left out, `Vec<T>` may be given
/// several times, `#[arg(default = "8080")]` stands in when it is not given, and anything else must be given. A
/// field's doc comment is its line of `--help`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of arguments",
    label = "not arguments",
    note = "put `#[derive(mirage::Args)]` on a struct of your own"
)]
pub trait Args: Sized + 'static {
    /// The struct's path, from the crate's name.
    const PATH: &'static str;
    /// Its arguments, in the order of its fields.
    const ARGUMENTS: &'static [Argument];

    /// The values given.
    ///
    /// # Errors
    /// When one is missing or is not what its type wants.
    fn from_matches(matches: Matches<'_>) -> Result<Self, ReadError>;
}

/// The arguments every unikernel takes, besides `--help`.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct Boot {
    /// What is logged: off, error, warn, info, debug or trace, for all or for one source
    #[arg(value = "LEVEL|SOURCE:LEVEL,…", default = "info")]
    pub logs: Filter,
    /// Wait before the devices are connected
    #[arg(value = "SECONDS", default = "0")]
    pub delay: Seconds,
}

/// Which of a host's addresses a stack over the host's sockets listens on.
#[derive(mirage::Args, Clone, Copy, Debug, Default)]
pub struct Listen {
    /// Accept on this address only, instead of every one this host has
    #[arg(value = "ADDRESS")]
    pub listen: Option<IpAddr>,
}

/// Which network interface a device is, and what is particular about it.
#[derive(mirage::Args, Clone, Debug)]
pub struct Interface {
    /// The host's name for the network interface
    #[arg(value = "NAME", default = "tap0")]
    pub interface: String,
    /// Its hardware address, instead of one at random
    #[arg(value = "ADDRESS")]
    pub mac: Option<MacAddress>,
    // Chosen by `mirage-bench direct-poll`, medians and least of 3 on two shared cores: at one connection 0 µs make 18,000
    // requests/s, 20 µs 44,000, 50 µs 43,000, 100 µs 24,000; at ten all make 165,000 to 178,000, but at worst 0 and 20 µs
    // make 60,000 where 50 µs make 136,000; at a thousand there is no order. An idle server costs 0.02 % of a core.
    /// Look for frames this long before sleeping; 0 sleeps at once
    #[arg(value = "MICROSECONDS", default = "50")]
    pub poll: Microseconds,
    /// Fill in checksums and cut segments before they are sent, instead of having the device do so
    pub no_offloads: bool,
    /// Record every frame it sees, for tcpdump and Wireshark
    #[arg(value = "FILE")]
    pub pcap: Option<String>,
}

/// Why a value cannot be read. Boxed: it is handed on from every argument there is, and would be copied each time.
pub type ReadError = Box<ArgsError>;

/// A command line that cannot be taken: ends the unikernel with status 64.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgsError {
    /// No argument has this name.
    Unknown {
        /// What was given, without the dashes.
        name: String,
        /// The nearest name there is, if one is near.
        nearest: Option<String>,
    },
    /// A word that is not an argument at all.
    Stray(String),
    /// An argument that must be given was not.
    Missing(&'static str),
    /// An argument needs a value and the line ends.
    NoValue(&'static str),
    /// A flag was given a value.
    FlagWithValue(&'static str),
    /// An argument that can be given once was given again.
    Twice(&'static str),
    /// A value that its type does not take.
    Invalid {
        /// The argument.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A quote on the kernel command line is not closed.
    OpenQuote(char),
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, nearest } => {
                write!(f, "there is no argument `--{name}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `--{nearest}`?"),
                    None => f.write_str("; `--help` lists what there is"),
                }
            }
            Self::Stray(word) => write!(f, "`{word}` is not an argument: they begin with `--`"),
            Self::Missing(name) => write!(f, "`--{name}` must be given"),
            Self::NoValue(name) => write!(f, "`--{name}` needs a value: `--{name}=VALUE`"),
            Self::FlagWithValue(name) => write!(f, "`--{name}` takes no value"),
            Self::Twice(name) => write!(f, "`--{name}` was given twice"),
            Self::Invalid { name, value, reason } => write!(f, "`--{name}` cannot be `{value}`: {reason}"),
            Self::OpenQuote(quote) => write!(f, "a {quote} is opened and never closed"),
        }
    }
}

impl core::error::Error for ArgsError {}
