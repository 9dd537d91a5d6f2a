//! An address told at start, or else by DHCP.

use core::marker::PhantomData;

use mirage::{Clock, Ip, Random, Spawn, Time, Udp};

use super::told::interface;
use super::{Address, AutoIpv4, Dhcp, DhcpIpv4, Error, StaticIpv4};
use crate::ipv4::Configure;

/// IPv4 whose address was told at start, or is from a DHCP server when none was.
pub struct Auto<I, U, C, T, R, S> {
    ip: I,
    lower: PhantomData<(U, C, T, R, S)>,
}

impl<I, U, C, T, R, S> Auto<I, U, C, T, R, S>
where
    I: Ip + Configure,
    U: Udp,
    C: Clock,
    T: Time,
    R: Random,
    S: Spawn,
{
    /// Gives `ip` the address that `args` say, as [`Static`](super::Static) does; or, when they say none, waits for one as [`Dhcp`]
    /// does.
    ///
    /// # Errors
    /// Those of [`Static`](super::Static) and of [`Dhcp`], and when there is a gateway without an address.
    pub async fn connect(ip: I, udp: U, clock: C, time: T, random: R, spawn: S, args: AutoIpv4) -> Result<Self, Error> {
        let AutoIpv4 { ipv4, ipv4_gateway, ipv4_route, nameserver } = args;
        match (ipv4, ipv4_gateway) {
            (Some(ipv4), _) => {
                ip.configure(Some(interface(&StaticIpv4 { ipv4, ipv4_gateway, ipv4_route, nameserver })?));
            }
            (None, Some(Address(gateway))) => return Err(Error::GatewayAlone(gateway)),
            (None, None) => {
                Dhcp::connect(ip.clone(), udp, clock, time, random, spawn, DhcpIpv4 { ipv4_route, nameserver }).await?;
            }
        }
        Ok(Self { ip, lower: PhantomData })
    }
}

impl<I: Clone, U, C, T, R, S> Clone for Auto<I, U, C, T, R, S> {
    fn clone(&self) -> Self {
        Self { ip: self.ip.clone(), lower: PhantomData }
    }
}
