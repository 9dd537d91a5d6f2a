//! An address told at start.

use alloc::rc::Rc;
use core::net::IpAddr;

use log::info;
use mirage::Ip;

use super::ready::told;
use super::{Address, Error, Network, Server, StaticArgs};
use crate::ipv4::{Configure, Interface};

/// IPv4 whose address was told at start.
#[derive(Clone)]
pub struct Static<I> {
    ip: I,
    told: Rc<[IpAddr]>,
}

impl<I: Ip + Configure> Static<I> {
    /// Gives `ip` the address that `args` say.
    ///
    /// # Errors
    /// When the gateway cannot be reached from that address.
    pub async fn connect(ip: I, args: StaticArgs) -> Result<Self, Error> {
        let StaticArgs { ipv4, ipv4_gateway, nameserver } = args;
        let interface = interface(ipv4, ipv4_gateway, &nameserver)?;
        match interface.gateway {
            Some(gateway) => info!("the address is {ipv4}, the gateway {gateway}"),
            None => info!("the address is {ipv4}, without a gateway"),
        }
        ip.configure(Some(interface));
        Ok(Self { ip, told: told(&nameserver) })
    }
}

/// The interface these arguments speak of.
pub fn interface(ipv4: Network, gateway: Option<Address>, servers: &[Server]) -> Result<Interface, Error> {
    let gateway = gateway.map(|Address(gateway)| gateway);
    if let Some(gateway) = gateway {
        if gateway == ipv4.address {
            return Err(Error::GatewayIsHost(gateway));
        }
        if !ipv4.contains(gateway) {
            return Err(Error::GatewayOutside(gateway, ipv4));
        }
    }
    let four = |&Server(server): &Server| match server {
        IpAddr::V4(server) => Some(server),
        IpAddr::V6(_) => None,
    };
    let nameservers = servers.iter().filter_map(four).collect();
    Ok(Interface { address: ipv4.address, prefix: ipv4.prefix, gateway, nameservers })
}

super::ready::ip_of!(Static<I>);
