//! An address told at start.

use alloc::vec::Vec;
use core::net::IpAddr;

use log::info;
use mirage::Ip;

use super::{Address, Error, Nameserver, StaticIpv4};
use crate::ipv4::{self, Configure, Interface, Routes};

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
        ip.configure(Some(interface(&args)?));
        Ok(Self { _ip: ip })
    }
}

/// The interface these arguments speak of, which is logged.
pub fn interface(args: &StaticIpv4) -> Result<Interface, Error> {
    let StaticIpv4 { ipv4, ipv4_gateway, ipv4_route, nameserver } = args;
    let (ipv4, gateway) = (*ipv4, ipv4_gateway.map(|Address(gateway)| gateway));
    if let Some(gateway) = gateway {
        if gateway == ipv4.address {
            return Err(Error::GatewayIsHost(gateway));
        }
        if !ipv4.contains(gateway) {
            return Err(Error::GatewayOutside(gateway, ipv4));
        }
    }
    let mut routes = Routes::default();
    for route in ipv4_route {
        if !ipv4.contains(route.router) || route.router == ipv4.address {
            return Err(Error::RouterOutside(*route, ipv4));
        }
        routes.add(ipv4::Network::of(route.network, route.prefix), route.router);
    }
    match gateway {
        Some(gateway) => info!("the address is {ipv4}, the gateway {gateway}"),
        None => info!("the address is {ipv4}, without a gateway"),
    }
    Ok(Interface { address: ipv4.address, prefix: ipv4.prefix, gateway, routes, nameservers: servers(nameserver) })
}

/// The name servers these arguments speak of.
pub fn servers(args: &[Nameserver]) -> Vec<IpAddr> {
    args.iter().map(|&Nameserver(server)| server).collect()
}
