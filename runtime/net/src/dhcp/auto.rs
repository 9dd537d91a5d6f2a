//! An address told at start, or else by DHCP.

use alloc::rc::Rc;
use core::marker::PhantomData;
use core::net::IpAddr;

use mirage::{Clock, Ip, Random, Spawn, Time, Udp};

use super::ready::told;
use super::{Address, AutoArgs, Dhcp, DhcpArgs, Error, Static, StaticArgs};
use crate::ipv4::Configure;

/// IPv4 whose address was told at start, or is from a DHCP server when none was.
pub struct Auto<I, U, C, T, R, S> {
    ip: I,
    told: Rc<[IpAddr]>,
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
    /// Gives `ip` the address that `args` say, as [`Static`] does; or, when they say none, waits for one as [`Dhcp`]
    /// does.
    ///
    /// # Errors
    /// Those of [`Static`] and of [`Dhcp`], and when there is a gateway without an address.
    pub async fn connect(ip: I, udp: U, clock: C, time: T, random: R, spawn: S, args: AutoArgs) -> Result<Self, Error> {
        let AutoArgs { ipv4, ipv4_gateway, nameserver } = args;
        let told = told(&nameserver);
        match (ipv4, ipv4_gateway) {
            (Some(ipv4), _) => {
                Static::connect(ip.clone(), StaticArgs { ipv4, ipv4_gateway, nameserver }).await?;
            }
            (None, Some(Address(gateway))) => return Err(Error::GatewayAlone(gateway)),
            (None, None) => {
                Dhcp::connect(ip.clone(), udp, clock, time, random, spawn, DhcpArgs { nameserver }).await?;
            }
        }
        Ok(Self { ip, told, lower: PhantomData })
    }
}

impl<I: Clone, U, C, T, R, S> Clone for Auto<I, U, C, T, R, S> {
    fn clone(&self) -> Self {
        Self { ip: self.ip.clone(), told: self.told.clone(), lower: PhantomData }
    }
}

super::ready::ip_of!(Auto<I, U, C, T, R, S>);
