//! Redirects (RFC 4861 §8): a router says of a destination that another neighbour is the better next hop.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Ethernet};

use super::discovery::{TARGET_MAC, hardware_address};
use super::input::Arrival;
use super::layer::Shared;

/// Where the options begin (RFC 4861 §4.5).
const OPTIONS: usize = 40;
/// The most destinations remembered; the oldest makes room.
const MOST: usize = 64;
/// How long, at most: the router says it again if it still holds. Whoever does not answer is forgotten at once.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// The neighbours that lead to destinations.
#[derive(Default)]
pub struct Redirects(Vec<Redirect>);

struct Redirect {
    destination: Ipv6Addr,
    to: Ipv6Addr,
    until: Instant,
}

impl Redirects {
    /// Sends what goes to `destination` to the neighbour `to` from now on.
    fn add(&mut self, destination: Ipv6Addr, to: Ipv6Addr, now: Instant) {
        self.0.retain(|known| known.destination != destination && known.until > now);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Redirect { destination, to, until: now + REMEMBERED });
    }

    /// The neighbour that leads to a destination.
    pub fn find(&self, destination: Ipv6Addr, now: Instant) -> Option<Ipv6Addr> {
        let known = self.0.iter().find(|known| known.destination == destination && known.until > now);
        known.map(|known| known.to)
    }

    /// A neighbour does not answer: what went by it goes by its router again.
    pub fn forget(&mut self, to: Ipv6Addr) {
        self.0.retain(|known| known.to != to);
    }
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// A redirect has come, from nearby. It is believed only of the router that the destination is reached by
    /// (RFC 4861 §8.1).
    pub(super) fn redirected(&self, arrival: &Arrival, message: &[u8]) {
        let (Some(addresses), Some(options)) = (message.get(8..OPTIONS), message.get(OPTIONS..)) else { return };
        let address = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).map(Ipv6Addr::from).ok();
        let (Some(to), Some(destination)) = (address(&addresses[..16]), address(&addresses[16..])) else { return };
        let Some(mac) = hardware_address(options, TARGET_MAC) else { return };
        let sensible = arrival.source.is_unicast_link_local()
            && !destination.is_multicast()
            && (to == destination || to.is_unicast_link_local())
            && !self.is_own(to);
        if !sensible || self.router_to(destination) != Some(arrival.source) {
            return;
        }
        self.redirects.borrow_mut().add(destination, to, arrival.now);
        if let Some(mac) = mac {
            self.learn(to, mac, true, arrival.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_bounded_and_forgotten() {
        let address = |last: u16| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last);
        let (mut redirects, router) = (Redirects::default(), address(9));
        for last in 0..1000 {
            redirects.add(address(last), router, Instant::START);
            redirects.add(address(last), router, Instant::START);
        }
        assert_eq!(redirects.0.len(), MOST);
        assert_eq!(redirects.find(address(999), Instant::START), Some(router));
        assert_eq!(redirects.find(address(1), Instant::START), None);
        assert_eq!(redirects.find(address(999), Instant::START + REMEMBERED), None);
        redirects.forget(router);
        assert_eq!(redirects.find(address(999), Instant::START), None);
    }
}
