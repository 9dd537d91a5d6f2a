//! Leases: an address for a time.

use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::time::Instant;

use super::Network;
use super::message::Reply;
use crate::ipv4::Interface;

/// An address a server lets this host have for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address and its network.
    pub network: Network,
    /// The router to other networks.
    pub gateway: Option<Ipv4Addr>,
    /// Name servers, the preferred first.
    pub nameservers: Vec<Ipv4Addr>,
    /// The server it is from.
    pub server: Ipv4Addr,
    /// How long it lasts, in seconds.
    pub length: u32,
    /// When it is renewed, when it is asked of everybody, and when it ends; none of it if it never ends.
    pub ends: Option<Ends>,
}

/// The three times of a lease (RFC 2131, section 4.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// T1: its server is asked to renew it.
    pub renew: Instant,
    /// T2: any server is.
    pub rebind: Instant,
    /// It is over.
    pub expire: Instant,
}

impl Lease {
    /// The lease that a reply grants, for a request sent at `since`: that is when its time begins (RFC 2131, section
    /// 4.4.1). `jitter` is random: hosts that were started together do not renew together.
    pub(super) fn new(reply: &Reply, server: Ipv4Addr, since: Instant, jitter: u32) -> Option<Self> {
        let network = Network { address: reply.address, prefix: reply.prefix };
        let length = reply.lease?;
        let ends = match length {
            0 => return None,
            u32::MAX => None,
            seconds => {
                let (renew, rebind) = times(seconds, reply.renew, reply.rebind);
                // Up to a 32nd earlier.
                let early = renew / 32 * (jitter % 1024) / 1024;
                Some(Ends {
                    renew: since + (renew - early),
                    rebind: since + rebind,
                    expire: since + Duration::from_secs(seconds.into()),
                })
            }
        };
        let (gateway, nameservers) = (reply.routers.first().copied(), reply.nameservers.clone());
        Some(Self { network, gateway, nameservers, server, length, ends })
    }

    /// What IPv4 is to be configured with.
    pub fn interface(&self) -> Interface {
        let Network { address, prefix } = self.network;
        let nameservers = self.nameservers.iter().map(|&server| server.into()).collect();
        Interface { gateway: self.gateway, nameservers, ..Interface::new(address, prefix) }
    }
}

/// T1 and T2: as the server says if that makes sense, else a half and seven eighths of the lease.
fn times(lease: u32, renew: Option<u32>, rebind: Option<u32>) -> (Duration, Duration) {
    let whole = Duration::from_secs(lease.into());
    let rebind =
        rebind.filter(|&rebind| 0 < rebind && rebind < lease).map_or(whole * 7 / 8, |t| Duration::from_secs(t.into()));
    let renew = renew
        .map(|renew| Duration::from_secs(renew.into()))
        .filter(|&renew| !renew.is_zero() && renew < rebind)
        .unwrap_or(if whole / 2 < rebind { whole / 2 } else { rebind / 2 });
    (renew, rebind)
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address is {}", self.network)?;
        match self.gateway {
            Some(gateway) => write!(f, ", the gateway {gateway}")?,
            None => f.write_str(", without a gateway")?,
        }
        match self.ends {
            Some(_) => write!(f, ", for {} s", self.length)?,
            None => f.write_str(", for ever")?,
        }
        write!(f, ", from the server {}", self.server)
    }
}
