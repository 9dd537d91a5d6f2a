//! Routes: which router leads to which network.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

/// An address as bits, the leading ones first: those of IPv4 are the upper 32.
pub trait Bits: Copy + Eq {
    /// The bits.
    fn bits(self) -> u128;
}

impl Bits for Ipv4Addr {
    fn bits(self) -> u128 {
        u128::from(self.to_bits()) << 96
    }
}

impl Bits for Ipv6Addr {
    fn bits(self) -> u128 {
        self.to_bits()
    }
}

/// A network: an address and how many leading bits of it all of its hosts share (RFC 4632, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    prefix: u8,
}

impl Network {
    /// The network of so many bits that `address` is in; more than the address has are all of them.
    pub fn of(address: impl Bits, prefix: u8) -> Self {
        let prefix = prefix.min(128);
        Self { bits: address.bits() & mask(prefix), prefix }
    }

    /// Whether an address is in it.
    pub fn contains(self, address: impl Bits) -> bool {
        (address.bits() ^ self.bits) & mask(self.prefix) == 0
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

/// Routes by address, the more particular first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes<A>(Vec<(Network, A)>);

impl<A> Default for Routes<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: Bits> Routes<A> {
    /// Adds a route to a network by a router, in the place of the one there was.
    pub fn add(&mut self, network: Network, router: A) {
        self.0.retain(|(there, _)| *there != network);
        let place = self.0.partition_point(|(there, _)| there.prefix >= network.prefix);
        self.0.insert(place, (network, router));
    }

    /// The router to an address, and how many leading bits of it the route is for: the longest prefix wins
    /// (RFC 1812 §5.2.4.3).
    pub fn find(&self, address: A) -> Option<(A, u8)> {
        self.0.iter().find(|(network, _)| network.contains(address)).map(|&(network, router)| (router, network.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1812_5_2_4_3_the_longest_prefix_wins() {
        let router = |last| Ipv4Addr::new(10, 0, 0, last);
        let mut routes = Routes::default();
        assert_eq!(routes.find(router(9)), None);
        routes.add(Network::of(Ipv4Addr::UNSPECIFIED, 0), router(1));
        routes.add(Network::of(Ipv4Addr::new(192, 168, 0, 0), 16), router(2));
        routes.add(Network::of(Ipv4Addr::new(192, 168, 7, 0), 24), router(3));
        assert_eq!(routes.find(Ipv4Addr::new(192, 168, 7, 1)), Some((router(3), 24)));
        assert_eq!(routes.find(Ipv4Addr::new(192, 168, 8, 1)), Some((router(2), 16)));
        assert_eq!(routes.find(Ipv4Addr::new(8, 8, 8, 8)), Some((router(1), 0)));
        routes.add(Network::of(Ipv4Addr::UNSPECIFIED, 0), router(4));
        assert_eq!(routes.find(Ipv4Addr::new(8, 8, 8, 8)), Some((router(4), 0)));
    }

    #[test]
    fn networks_of_either_family() {
        let network = Network::of(Ipv4Addr::new(10, 1, 2, 3), 31);
        assert!(network.contains(Ipv4Addr::new(10, 1, 2, 2)) && !network.contains(Ipv4Addr::new(10, 1, 2, 4)));
        let network = Network::of("2001:db8:1::".parse::<Ipv6Addr>().unwrap(), 48);
        assert!(network.contains("2001:db8:1:ffff::1".parse::<Ipv6Addr>().unwrap()));
        assert!(!network.contains("2001:db8:2::1".parse::<Ipv6Addr>().unwrap()));
    }
}
