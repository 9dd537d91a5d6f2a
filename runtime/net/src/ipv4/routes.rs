//! Routes: which router leads to which network.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// A network: an address and how many bits of it all of its hosts share (RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: u32,
    prefix: u8,
}

impl Network {
    /// The network of so many bits that `address` is in; more than 32 are 32.
    pub fn of(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { address: u32::from(address) & mask(prefix), prefix }
    }

    /// Whether an address is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        (u32::from(address) ^ self.address) & mask(self.prefix) == 0
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// Routes, the more particular first.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<(Network, Ipv4Addr)>);

impl Routes {
    /// Adds a route to a network by a router, in the place of the one there was.
    pub fn add(&mut self, network: Network, router: Ipv4Addr) {
        self.0.retain(|(there, _)| *there != network);
        let place = self.0.partition_point(|(there, _)| there.prefix >= network.prefix);
        self.0.insert(place, (network, router));
    }

    /// The router to an address.
    pub fn find(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        self.0.iter().find(|(network, _)| network.contains(address)).map(|&(_, router)| router)
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
        assert_eq!(routes.find(Ipv4Addr::new(192, 168, 7, 1)), Some(router(3)));
        assert_eq!(routes.find(Ipv4Addr::new(192, 168, 8, 1)), Some(router(2)));
        assert_eq!(routes.find(Ipv4Addr::new(8, 8, 8, 8)), Some(router(1)));
        routes.add(Network::of(Ipv4Addr::UNSPECIFIED, 0), router(4));
        assert_eq!(routes.find(Ipv4Addr::new(8, 8, 8, 8)), Some(router(4)));
    }
}
