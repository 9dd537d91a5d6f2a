//! IPv4 (RFC 791) and ICMP (RFC 792).

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use mirage::MacAddress;

/// An address and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The address.
    pub address: Ipv4Addr,
    /// How many leading bits of it are the network's, from 0 to 32.
    pub prefix: u8,
    /// The router to everything outside of that network.
    pub gateway: Option<Ipv4Addr>,
    /// The name servers told of with it.
    pub nameservers: Vec<Ipv4Addr>,
}

/// IPv4 that can be given an address.
pub trait Configure: Clone + 'static {
    /// The hardware address of its interface, by which a DHCP server knows it.
    fn mac(&self) -> MacAddress;

    /// Takes this address in place of the one before, or has none any more.
    fn configure(&self, interface: Option<Interface>);
}
