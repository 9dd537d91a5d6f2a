//! An IPv4 address and the network it is in: `10.0.0.1/24`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An address with room for another one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The address.
    pub address: Ipv4Addr,
    /// How many of its bits say which network it is in, from 1 to 30.
    pub prefix: u8,
}

impl Subnet {
    /// An address in a network.
    ///
    /// # Errors
    /// When a network of this size has no room for two, or the address is not one of a host.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Result<Self, &'static str> {
        if !(1..=30).contains(&prefix) {
            return Err("its prefix is not a number from 1 to 30");
        }
        let subnet = Self { address, prefix };
        let bits = address.to_bits();
        if bits == subnet.first() || bits == subnet.last() {
            return Err("it is the network's own address, or its broadcast address; a host has one between them");
        }
        Ok(subnet)
    }

    fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    fn first(self) -> u32 {
        self.address.to_bits() & !(self.size() - 1)
    }

    fn last(self) -> u32 {
        self.first() | (self.size() - 1)
    }

    /// Whether an address is in this network.
    pub fn holds(self, address: Ipv4Addr) -> bool {
        (self.first()..=self.last()).contains(&address.to_bits())
    }

    /// Whether the two networks have addresses in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.first() <= other.last() && other.first() <= self.last()
    }

    /// The first other host of the network.
    #[must_use]
    pub fn other(self) -> Self {
        let one = self.first() + 1;
        let other = if self.address.to_bits() == one { one + 1 } else { one };
        Self { address: Ipv4Addr::from_bits(other), ..self }
    }

    /// The same host in the network after this one; none after the last.
    pub fn next(self) -> Option<Self> {
        let address = self.address.to_bits().checked_add(self.size())?;
        Some(Self { address: Ipv4Addr::from_bits(address), ..self })
    }

    /// Networks that are nobody's (RFC 1918), of the usual size, those nearest to `10.0.0.1/24` first.
    pub fn private() -> impl Iterator<Item = Self> {
        let prefixes = [[10, 0], [192, 168], [172, 31], [172, 16]];
        let networks = prefixes.into_iter().flat_map(|[a, b]| (0..=255).map(move |c| [a, b, c, 1]));
        networks.map(|address| Self { address: address.into(), prefix: 24 })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "it is not an IPv4 address with a prefix, such as `10.0.0.1/24`";
        let (address, prefix) = text.split_once('/').ok_or(wrong)?;
        Self::new(address.parse().map_err(|_| wrong)?, prefix.parse().map_err(|_| wrong)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().expect(text)
    }

    #[test]
    fn addresses_are_those_of_hosts_in_networks_of_two_or_more() {
        for right in ["10.0.0.1/24", "0.0.0.1/1", "10.0.0.2/30"] {
            assert_eq!(subnet(right).to_string(), right);
        }
        for wrong in
            ["", "10.0.0.1", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/31", "10.0.0.0/24", "10.0.0.255/24", "::1/64"]
        {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_other_end_and_the_next_network() {
        assert_eq!(subnet("10.0.0.1/24").other(), subnet("10.0.0.2/24"));
        assert_eq!(subnet("10.0.0.9/24").other(), subnet("10.0.0.1/24"));
        assert_eq!(subnet("10.0.0.5/30").next(), Some(subnet("10.0.0.9/30")));
        assert_eq!(subnet("255.255.255.1/24").next(), None);
    }

    #[test]
    fn networks_overlap_when_one_is_within_the_other() {
        let overlap = |one, other| (subnet(one).overlaps(subnet(other)), subnet(other).overlaps(subnet(one)));
        assert_eq!(overlap("10.0.0.1/24", "10.9.9.9/8"), (true, true));
        assert_eq!(overlap("10.0.0.1/24", "10.0.1.1/24"), (false, false));
        assert!(Subnet::private().all(|one| Subnet::new(one.address, one.prefix) == Ok(one)));
    }
}
