//! What a unikernel is told at boot of its IPv6 addresses.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

use super::route::Ipv6Route;

/// The arguments of a stack that has IPv6: without them it forms its addresses by itself (RFC 4862).
#[derive(mirage::Args, Clone, Debug, Default)]
#[args(path = "mirage::args::Ipv6")]
pub struct Ipv6 {
    /// An IPv6 address of this host and the prefix length of its network, besides those it forms itself
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv6: Option<Ipv6Network>,
    /// The IPv6 router to other networks, with `--ipv6`, instead of those that announce themselves
    #[arg(value = "ADDRESS")]
    pub ipv6_gateway: Option<Ipv6Addr>,
    /// An IPv6 network and the router to it, as `2001:db8:1::/48=fe80::1`; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv6_route: Vec<Ipv6Route>,
}

/// An IPv6 address and the prefix length of its network, as `2001:db8::2/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Network {
    /// The address of a host in it.
    pub address: Ipv6Addr,
    /// How many leading bits are the network's, from 1 to 128.
    pub prefix: u8,
}

impl Ipv6Network {
    /// Whether `address` is in it.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        let differ = address.to_bits() ^ self.address.to_bits();
        differ.leading_zeros() >= u32::from(self.prefix)
    }
}

impl FromStr for Ipv6Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) =
            text.split_once('/').ok_or("the length of its network's prefix is missing, such as `/64`")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "it is not an IPv6 address, such as `2001:db8::2`")?;
        let prefix = super::address::prefix(prefix, 128)
            .ok_or_else(|| alloc::format!("the prefix length is a number from 1 to 128, not `{prefix}`"))?;
        if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
            return Err("no host can have this address".into());
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Ipv6Network {
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
        let read = |text: &str| text.parse::<Ipv6Network>().map(|network| network.to_string());
        for right in ["2001:db8::2/64", "fd00::2/128", "fe80::1/10"] {
            assert_eq!(read(right).as_deref(), Ok(right));
        }
        for wrong in ["", "fd00::2", "fd00::2/", "fd00::2/0", "fd00::2/129", "10.0.0.2/24", "::/64", "ff02::1/64"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let network: Ipv6Network = "2001:db8::2/64".parse().unwrap();
        assert!(network.contains("2001:db8::ffff:1".parse().unwrap()));
        assert!(!network.contains("2001:db8:0:1::1".parse().unwrap()));
    }
}
