//! What an interface is told: its address, its network, its router.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use mirage::MacAddress;

use crate::routes::{Network, Routes};

/// The address of an interface and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: Ipv4Addr,
    /// How many bits of the address are the network's, 1 to 32.
    pub prefix: u8,
    /// The router to every other network.
    pub gateway: Option<Ipv4Addr>,
    /// Routers to some of them, besides.
    pub routes: Routes<Ipv4Addr>,
    /// Who resolves names.
    pub nameservers: Vec<IpAddr>,
}

impl Interface {
    /// An address in a network of so many bits, and nothing else: no router and no name server.
    pub fn new(address: impl Into<Ipv4Addr>, prefix: u8) -> Self {
        let routes = Routes::default();
        Self { address: address.into(), prefix, gateway: None, routes, nameservers: Vec::new() }
    }

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

    /// Asks, for a fraction of a second, whether somebody on the link has an address already (RFC 5227 §2.1); who has it,
    /// or nobody.
    async fn probe(&self, address: Ipv4Addr) -> Option<MacAddress> {
        let _ = address;
        None
    }

    /// Waits until somebody else goes on claiming this address of the interface after it was defended (RFC 5227 §2.4 b).
    async fn contested(&self, address: Ipv4Addr) -> MacAddress {
        let _ = address;
        core::future::pending().await
    }
}
