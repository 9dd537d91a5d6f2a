//! Addresses on a command line.

use alloc::string::String;
use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

/// An address of a host, as `10.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Address(pub Ipv4Addr);

/// An address and the prefix length of its network, as `10.0.0.2/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Network {
    /// The address of a host in it.
    pub address: Ipv4Addr,
    /// How many leading bits are the network's, from 1 to 32.
    pub prefix: u8,
}

impl Ipv4Network {
    /// Whether `address` is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.address.to_bits()) & self.mask() == 0
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }

    /// Whether its address stands for the network itself or for all of it (RFC 1122, section 3.2.1.3). A network of one
    /// or two addresses has room for neither (RFC 3021).
    fn is_no_host(self) -> bool {
        let host = self.address.to_bits() & !self.mask();
        self.prefix < 31 && (host == 0 || host == !self.mask())
    }
}

/// Whether an address can be that of one host.
pub fn is_host(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    // 0/8 is "this network", 240/4 is reserved and ends with the broadcast address (RFC 1122, section 3.2.1.3).
    first != 0 && !address.is_loopback() && first < 224
}

/// The length of a network's prefix: nothing but digits, and from 1 to `most`.
pub(super) fn prefix(text: &str, most: u8) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|prefix| digits && (1..=most).contains(prefix))
}

/// What is wrong with an address, to complete "`--ipv4` cannot be `10.0.0`: ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not an address at all.
    Address,
    /// An address that no host can have.
    NoHost,
    /// No prefix length.
    NoPrefix(String),
    /// A prefix length that is none.
    Prefix(String),
    /// The address of the network itself, or its broadcast address.
    NotInside(Ipv4Network),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("it is not an IPv4 address, such as `10.0.0.1`"),
            Self::NoHost => f.write_str("no host can have this address"),
            Self::NoPrefix(address) => {
                write!(f, "the length of its network's prefix is missing, such as `{address}/24`")
            }
            Self::Prefix(prefix) => write!(f, "the prefix length is a number from 1 to 32, not `{prefix}`"),
            Self::NotInside(network) => {
                let prefix = network.prefix;
                write!(f, "this is the first or the last address of a /{prefix} network, which no host can have")
            }
        }
    }
}

impl core::error::Error for Malformed {}

impl FromStr for Ipv4Address {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let address = text.parse().map_err(|_| Malformed::Address)?;
        if is_host(address) { Ok(Self(address)) } else { Err(Malformed::NoHost) }
    }
}

impl FromStr for Ipv4Network {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let Some((address, length)) = text.split_once('/') else {
            let Ipv4Address(address) = text.parse()?;
            return Err(Malformed::NoPrefix(alloc::format!("{address}")));
        };
        let Ipv4Address(address) = address.parse()?;
        let prefix = prefix(length, 32).ok_or_else(|| Malformed::Prefix(length.into()))?;
        let network = Self { address, prefix };
        if network.is_no_host() { Err(Malformed::NotInside(network)) } else { Ok(network) }
    }
}

impl fmt::Display for Ipv4Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn networks_are_read() {
        let read =
            |text: &str| text.parse::<Ipv4Network>().map(|network| network.to_string()).map_err(|e| e.to_string());
        for right in ["10.0.0.2/24", "192.168.1.1/30", "10.0.0.0/31", "10.0.0.255/32", "10.1.0.0/8", "1.2.3.4/1"] {
            assert_eq!(read(right).as_deref(), Ok(right));
        }
        for (wrong, why) in [
            ("", "it is not an IPv4 address, such as `10.0.0.1`"),
            ("10.0.0/24", "it is not an IPv4 address, such as `10.0.0.1`"),
            ("fd00::1/64", "it is not an IPv4 address, such as `10.0.0.1`"),
            ("10.0.0.2", "the length of its network's prefix is missing, such as `10.0.0.2/24`"),
            ("10.0.0.2/", "the prefix length is a number from 1 to 32, not ``"),
            ("10.0.0.2/33", "the prefix length is a number from 1 to 32, not `33`"),
            ("10.0.0.2/0", "the prefix length is a number from 1 to 32, not `0`"),
            ("10.0.0.2/+8", "the prefix length is a number from 1 to 32, not `+8`"),
            ("10.0.0.2/255.255.255.0", "the prefix length is a number from 1 to 32, not `255.255.255.0`"),
            ("224.0.0.1/24", "no host can have this address"),
            ("0.0.0.0/24", "no host can have this address"),
            ("127.0.0.1/8", "no host can have this address"),
            ("10.0.0.0/24", "this is the first or the last address of a /24 network, which no host can have"),
            ("10.0.0.255/24", "this is the first or the last address of a /24 network, which no host can have"),
        ] {
            assert_eq!(read(wrong).as_ref().map_err(String::as_str), Err(why), "{wrong}");
        }
    }
}
