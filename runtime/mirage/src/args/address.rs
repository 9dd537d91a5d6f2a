//! Addresses told at boot, for a stack of our own.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;

/// The IPv4 address of an interface, which must be told.
#[derive(mirage::Args, Clone, Debug)]
pub struct Ipv4 {
    /// The address of the interface and how many bits of it are the network's
    #[arg(value = "ADDRESS/BITS")]
    pub ipv4: Ipv4Network,
    /// The router to every other network
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Addr>,
    /// A server that resolves names; several may be given
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<IpAddr>,
}

/// The IPv4 address of an interface, if it is told.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct MaybeIpv4 {
    /// The address of the interface and how many bits of it are the network's, instead of asking for one by DHCP
    #[arg(value = "ADDRESS/BITS")]
    pub ipv4: Option<Ipv4Network>,
    /// The router to every other network, with --ipv4
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Addr>,
    /// A server that resolves names, instead of those DHCP tells; several may be given
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<IpAddr>,
}

/// Name servers, whoever tells the address.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct Nameservers {
    /// A server that resolves names, instead of those DHCP tells; several may be given
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<IpAddr>,
}

/// An address in its network: `10.0.0.2/24` (RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Network {
    /// The address.
    pub address: Ipv4Addr,
    /// How many bits of it are the network's, 1 to 32.
    pub prefix: u8,
}

impl Ipv4Network {
    /// The network's mask.
    pub const fn mask(self) -> u32 {
        match self.prefix {
            0 => 0,
            prefix => u32::MAX << (32 - prefix as u32),
        }
    }

    /// Whether `other` is an address of the same network.
    pub fn contains(self, other: Ipv4Addr) -> bool {
        (u32::from(self.address) ^ u32::from(other)) & self.mask() == 0
    }
}

impl FromStr for Ipv4Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((address, prefix)) = text.split_once('/') else {
            return Err("it is an address and the bits of its network, such as `10.0.0.2/24`".into());
        };
        let address: Ipv4Addr =
            address.parse().map_err(|_| format!("`{address}` is not an IPv4 address, such as `10.0.0.2`"))?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| (1..=32).contains(prefix)).ok_or_else(|| {
            format!("`{prefix}` is not how many bits are the network's, a number from 1 to 32: often `/24`")
        })?;
        let network = Self { address, prefix };
        if address.is_unspecified() || address.is_multicast() || address.is_broadcast() || address.is_loopback() {
            return Err(format!("`{address}` is no address an interface can have"));
        }
        // RFC 3021: a network of 31 bits has two hosts and nothing else.
        let host = u32::from(address) & !network.mask();
        if prefix < 31 && (host == 0 || host == !network.mask()) {
            return Err(format!("`{address}` is the network itself or its broadcast address, not a host of it"));
        }
        Ok(network)
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

    #[test]
    fn an_address_says_its_network() {
        let network: Ipv4Network = "10.0.0.2/24".parse().unwrap();
        assert!(network.contains(Ipv4Addr::new(10, 0, 0, 254)));
        assert!(!network.contains(Ipv4Addr::new(10, 0, 1, 2)));
        assert_eq!(alloc::format!("{network}"), "10.0.0.2/24");
        assert!("10.0.0.0/31".parse::<Ipv4Network>().is_ok());
        assert!("10.0.0.0/32".parse::<Ipv4Network>().is_ok());
    }

    #[test]
    fn what_no_interface_can_have_is_refused() {
        for wrong in [
            "",
            "10.0.0.2",
            "10.0.0/24",
            "10.0.0.2/33",
            "10.0.0.2/0",
            "10.0.0.2/-1",
            "10.0.0.0/24",
            "10.0.0.255/24",
            "0.0.0.0/8",
            "224.0.0.1/24",
            "127.0.0.1/8",
            "fe80::1/64",
        ] {
            assert!(wrong.parse::<Ipv4Network>().is_err(), "{wrong}");
        }
    }
}
