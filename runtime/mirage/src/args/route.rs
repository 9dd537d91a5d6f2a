//! Routes and name servers on a command line.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use super::address::{is_host, prefix};

/// A network and the router that leads to it, as `10.1.0.0/16=10.0.0.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Route {
    /// The first address of the network.
    pub network: Ipv4Addr,
    /// How many leading bits are the network's, from 1 to 32.
    pub prefix: u8,
    /// The router.
    pub router: Ipv4Addr,
}

/// A network and the router that leads to it, as `2001:db8:1::/48=fe80::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Route {
    /// The first address of the network.
    pub network: Ipv6Addr,
    /// How many leading bits are the network's, from 1 to 128.
    pub prefix: u8,
    /// The router.
    pub router: Ipv6Addr,
}

/// A server that knows names, by an IPv4 or IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nameserver(pub IpAddr);

impl FromStr for Ipv4Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (network, prefix, router) = parts(text, "10.1.0.0/16=10.0.0.7")?;
        let not_one = |text: &str| format!("`{text}` is not an IPv4 address, such as `10.0.0.7`");
        let network: Ipv4Addr = network.parse().map_err(|_| not_one(network))?;
        let prefix = length(prefix, 32, "--ipv4-gateway")?;
        let router: Ipv4Addr = router.parse().map_err(|_| not_one(router))?;
        let first = Ipv4Addr::from_bits(network.to_bits() & u32::MAX << (32 - prefix));
        if first != network {
            return Err(format!("bits of `{network}` are set behind its prefix: its network is `{first}/{prefix}`"));
        }
        if network.octets()[0] >= 224 || !is_host(router) {
            return Err(format!("no host is in `{network}/{prefix}`, or none has the address `{router}`"));
        }
        Ok(Self { network, prefix, router })
    }
}

impl FromStr for Ipv6Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (network, prefix, router) = parts(text, "2001:db8:1::/48=fe80::1")?;
        let not_one = |text: &str| format!("`{text}` is not an IPv6 address, such as `fe80::1`");
        let network: Ipv6Addr = network.parse().map_err(|_| not_one(network))?;
        let prefix = length(prefix, 128, "--ipv6-gateway")?;
        let router: Ipv6Addr = router.parse().map_err(|_| not_one(router))?;
        let first = Ipv6Addr::from_bits(network.to_bits() & u128::MAX << (128 - prefix));
        if first != network {
            return Err(format!("bits of `{network}` are set behind its prefix: its network is `{first}/{prefix}`"));
        }
        if network.is_multicast() || router.is_unspecified() || router.is_loopback() || router.is_multicast() {
            return Err(format!("no host is in `{network}/{prefix}`, or none has the address `{router}`"));
        }
        Ok(Self { network, prefix, router })
    }
}

/// The parts of `NETWORK/PREFIX=ROUTER`.
fn parts<'t>(text: &'t str, example: &str) -> Result<(&'t str, &'t str, &'t str), String> {
    let parts = text.split_once('=').and_then(|(network, router)| {
        let (network, prefix) = network.split_once('/')?;
        Some((network, prefix, router))
    });
    parts.ok_or_else(|| format!("it is not a network and its router, such as `{example}`"))
}

fn length(text: &str, most: u8, gateway: &str) -> Result<u8, String> {
    prefix(text, most).ok_or_else(|| {
        format!("the prefix length is a number from 1 to {most}, not `{text}`; the rest goes by `{gateway}`")
    })
}

impl FromStr for Nameserver {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let address = text.parse().map_err(|_| "it is not an address, such as `10.0.0.1` or `2001:db8::53`")?;
        let host = match address {
            IpAddr::V4(address) => is_host(address),
            IpAddr::V6(address) => !address.is_unspecified() && !address.is_loopback() && !address.is_multicast(),
        };
        if host { Ok(Self(address)) } else { Err("no host can have this address") }
    }
}

impl fmt::Display for Ipv4Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}={}", self.network, self.prefix, self.router)
    }
}

impl fmt::Display for Ipv6Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}={}", self.network, self.prefix, self.router)
    }
}

impl fmt::Display for Nameserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn routes_are_read() {
        let four = |text: &str| text.parse::<Ipv4Route>().map(|route| route.to_string());
        let six = |text: &str| text.parse::<Ipv6Route>().map(|route| route.to_string());
        for right in ["10.1.0.0/16=10.0.0.7", "10.1.2.3/32=10.0.0.7", "128.0.0.0/1=10.0.0.7"] {
            assert_eq!(four(right).as_deref(), Ok(right));
        }
        for right in ["2001:db8:1::/48=fe80::1", "fd00::7/128=2001:db8::1", "2000::/3=fe80::1"] {
            assert_eq!(six(right).as_deref(), Ok(right));
        }
        for (wrong, why) in [
            ("10.1.0.0/16", "it is not a network and its router, such as `10.1.0.0/16=10.0.0.7`"),
            ("10.1.0.0=10.0.0.7", "it is not a network and its router, such as `10.1.0.0/16=10.0.0.7`"),
            ("10.1.0/16=10.0.0.7", "`10.1.0` is not an IPv4 address, such as `10.0.0.7`"),
            ("10.1.0.0/16=fe80::1", "`fe80::1` is not an IPv4 address, such as `10.0.0.7`"),
            (
                "0.0.0.0/0=10.0.0.7",
                "the prefix length is a number from 1 to 32, not `0`; the rest goes by `--ipv4-gateway`",
            ),
            ("10.1.0.0/8=10.0.0.7", "bits of `10.1.0.0` are set behind its prefix: its network is `10.0.0.0/8`"),
            ("10.1.0.0/16=0.0.0.0", "no host is in `10.1.0.0/16`, or none has the address `0.0.0.0`"),
            ("224.0.0.0/4=10.0.0.7", "no host is in `224.0.0.0/4`, or none has the address `10.0.0.7`"),
        ] {
            assert_eq!(four(wrong).as_ref().map_err(String::as_str), Err(why), "{wrong}");
        }
        for wrong in
            ["::/0=fe80::1", "2001:db8::1/48=fe80::1", "ff00::/8=fe80::1", "fd00::/64=::", "10.0.0.0/8=fe80::1"]
        {
            assert!(six(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn name_servers_have_either_kind_of_address() {
        for right in ["10.0.0.53", "2001:db8::53", "fe80::53"] {
            assert_eq!(right.parse::<Nameserver>().map(|server| server.to_string()).as_deref(), Ok(right));
        }
        for wrong in ["", "localhost", "127.0.0.1", "::1", "::", "ff02::fb", "224.0.0.251", "0.0.0.0"] {
            assert!(wrong.parse::<Nameserver>().is_err(), "{wrong}");
        }
    }
}
