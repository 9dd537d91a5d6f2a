//! An address told at start.

use alloc::vec::Vec;

use log::info;
use mirage::Ip;

use super::{Address, Error, Network, StaticIpv4};
use crate::ipv4::{Configure, Interface};

/// IPv4 whose address was told at start.
#[derive(Clone)]
pub struct Static<I> {
    _ip: I,
}

impl<I: Ip + Configure> Static<I> {
    /// Gives `ip` the address that `args` say.
    ///
    /// # Errors
    /// When the gateway cannot be reached from that address.
    pub async fn connect(ip: I, args: StaticIpv4) -> Result<Self, Error> {
        let StaticIpv4 { ipv4, ipv4_gateway, nameserver } = args;
        let interface = interface(ipv4, ipv4_gateway, &nameserver)?;
        match interface.gateway {
            Some(gateway) => info!("the address is {ipv4}, the gateway {gateway}"),
            None => info!("the address is {ipv4}, without a gateway"),
        }
        ip.configure(Some(interface));
        Ok(Self { _ip: ip })
    }
}

/// The interface these arguments speak of.
pub fn interface(ipv4: Network, gateway: Option<Address>, nameservers: &[Address]) -> Result<Interface, Error> {
    let gateway = gateway.map(|Address(gateway)| gateway);
    if let Some(gateway) = gateway {
        if gateway == ipv4.address {
            return Err(Error::GatewayIsHost(gateway));
        }
        if !ipv4.contains(gateway) {
            return Err(Error::GatewayOutside(gateway, ipv4));
        }
    }
    let nameservers: Vec<_> = nameservers.iter().map(|&Address(nameserver)| nameserver).collect();
    Ok(Interface { address: ipv4.address, prefix: ipv4.prefix, gateway, nameservers })
}
