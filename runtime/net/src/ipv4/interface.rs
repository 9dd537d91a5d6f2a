//! What an interface is told: its address, its network, its router.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use mirage::MacAddress;

use super::routes::Network;

/// The address of an interface and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: Ipv4Addr,
    /// How many bits of the address are the network's, 1 to 32.
    pub prefix: u8,
    /// The router to every other network.
    pub gateway: Option<Ipv4Addr>,
    /// Who resolves names.
    pub nameservers: Vec<Ipv4Addr>,
}

impl Interface {
    /// The network it is in.
    pub fn network(&self) -> Network {
        Network::of(self.address, self.prefix)
    }

    /// Whether `address` is everybody of its network (RFC 919 §7). A network of two hosts has no such address
    /// (RFC 3021).
    pub fn is_broadcast(&self, address: Ipv4Addr) -> bool {
        let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        self.prefix < 31 && self.network().contains(address) && u32::from(address) & host == host
    }
}

/// An IPv4 layer that can be told its address.
pub trait Configure: Clone + 'static {
    /// The hardware address of its interface, by which a DHCP server knows it.
    fn mac(&self) -> MacAddress;

    /// Gives it an address, another one, or none.
    fn configure(&self, interface: Option<Interface>);
}
