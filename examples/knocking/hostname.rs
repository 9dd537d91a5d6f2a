//! Hostname: which site a sequence of knocks leads to.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::{KNOCKS, State};

/// A host to forward to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, or its address: an IPv6 one without brackets.
    pub name: String,
    /// Its port.
    pub port: u16,
}

impl Host {
    /// The port of HTTP (RFC 9110 §4.2.1).
    const HTTP: u16 = 80;

    /// A host on the port of HTTP.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            port: Self::HTTP,
        }
    }
}

/// As in a `Host` field: the port is left out where it is HTTP's own.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match (name.contains(':'), *port == Self::HTTP) {
            (false, true) => f.write_str(name),
            (false, false) => write!(f, "{name}:{port}"),
            (true, true) => write!(f, "[{name}]"),
            (true, false) => write!(f, "[{name}]:{port}"),
        }
    }
}

impl FromStr for Host {
    type Err = String;

    /// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or("a `[` is not closed")?;
            let address: core::net::Ipv6Addr = address
                .parse()
                .map_err(|_| format!("`{address}` is no IPv6 address"))?;
            let port = rest.strip_prefix(':');
            if port.is_none() && !rest.is_empty() {
                return Err(format!("`{rest}` after the host is not `:PORT`"));
            }
            (address.to_string(), port)
        } else if let Some((name, port)) = text.split_once(':') {
            (name.to_string(), Some(port))
        } else {
            (text.to_string(), None)
        };
        let letter = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b':');
        if name.is_empty() || name.len() > 253 || !name.bytes().all(letter) {
            return Err(format!("`{name}` is no host name"));
        }
        let port = match port {
            None => Self::HTTP,
            Some(port) => match port.parse() {
                Ok(port @ 1..) => port,
                _ => return Err(format!("`{port}` is no port from 1 to 65535")),
            },
        };
        Ok(Self { name, port })
    }
}

/// A sequence of knocks and the host it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The knocks, each from 1 to 256.
    pub sequence: Vec<u16>,
    /// The host.
    pub host: Host,
}

impl FromStr for Site {
    type Err = String;

    /// `1,2=HOST[:PORT]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (knocks, host) = text
            .split_once('=')
            .ok_or("it is not of the form `1,2=HOST[:PORT]`")?;
        let mut sequence = Vec::new();
        for knock in knocks.split(',') {
            match knock.parse() {
                Ok(offset @ 1..=KNOCKS) => sequence.push(offset),
                _ => return Err(format!("`{knock}` is no knock from 1 to {KNOCKS}")),
            }
        }
        if sequence.len() > State::LONGEST {
            return Err(format!("a sequence has at most {} knocks", State::LONGEST));
        }
        Ok(Self {
            sequence,
            host: host.parse()?,
        })
    }
}

/// The sites there are: few.
#[derive(Clone, Debug)]
pub struct Table(Vec<Site>);

impl Table {
    /// The sites of old, and others that are added or replace them.
    pub fn new(sites: impl IntoIterator<Item = Site>) -> Self {
        let old: [(&[u16], _); 2] = [(&[1], "unikernel.org"), (&[1, 2], "mirage.io")];
        let mut all = Vec::new();
        for (sequence, host) in old {
            all.push(Site {
                sequence: sequence.to_vec(),
                host: Host::new(host),
            });
        }
        all.extend(sites);
        Self(all)
    }

    /// The host that this sequence, exactly and whole, leads to: the one given last, of several.
    pub fn find(&self, sequence: &[u16]) -> Option<&Host> {
        let mut newest = self.0.iter().rev();
        newest
            .find(|site| site.sequence == sequence)
            .map(|site| &site.host)
    }
}
