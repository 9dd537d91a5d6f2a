//! The addresses of this host, and whether somebody else has one of them (RFC 4862 §5.4, RFC 4429).

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use mirage::time::Instant;

use super::address::{ALL_NODES, solicited_node};

/// How long somebody who has the address already is waited for (RFC 4862 §5.1, RetransTimer).
const PATIENCE: Duration = Duration::from_secs(1);

/// The addresses.
#[derive(Default)]
pub struct Own(Vec<Claim>);

struct Claim {
    address: Ipv6Addr,
    doubt: Doubt,
}

/// Whether an address may be somebody else's. It is used meanwhile (RFC 4429).
enum Doubt {
    /// Nobody was asked yet.
    Unasked,
    /// Whoever has it answers until then.
    Asked(Instant),
    /// It is ours.
    None,
}

impl Own {
    /// Takes an address, which is asked about at the next [`poll`](Self::poll).
    pub fn add(&mut self, address: Ipv6Addr) {
        self.remove(address);
        self.0.push(Claim { address, doubt: Doubt::Unasked });
    }

    /// Gives an address up.
    pub fn remove(&mut self, address: Ipv6Addr) {
        self.0.retain(|claim| claim.address != address);
    }

    /// Gives up those that `keep` does not want.
    pub fn retain(&mut self, mut keep: impl FnMut(Ipv6Addr) -> bool) {
        self.0.retain(|claim| keep(claim.address));
    }

    /// Whether it is an address of this host.
    pub fn has(&self, address: Ipv6Addr) -> bool {
        self.0.iter().any(|claim| claim.address == address)
    }

    /// Whether this host listens to a group.
    pub fn listens(&self, group: Ipv6Addr) -> bool {
        group == ALL_NODES || self.0.iter().any(|claim| solicited_node(claim.address) == group)
    }

    /// The addresses.
    pub fn iter(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.0.iter().map(|claim| claim.address)
    }

    /// Whether an address may still turn out to be somebody else's.
    pub fn is_tentative(&self, address: Ipv6Addr) -> bool {
        self.0.iter().any(|claim| claim.address == address && !matches!(claim.doubt, Doubt::None))
    }

    /// The new addresses, which are to be asked about now; and when the next is known to be ours.
    pub fn poll(&mut self, now: Instant) -> (Vec<Ipv6Addr>, Option<Instant>) {
        let mut new = Vec::new();
        for claim in &mut self.0 {
            match claim.doubt {
                Doubt::Unasked => {
                    new.push(claim.address);
                    claim.doubt = Doubt::Asked(now + PATIENCE);
                }
                Doubt::Asked(until) if until <= now => claim.doubt = Doubt::None,
                Doubt::Asked(_) | Doubt::None => {}
            }
        }
        let until = |claim: &Claim| if let Doubt::Asked(until) = claim.doubt { Some(until) } else { None };
        (new, self.0.iter().filter_map(until).min())
    }
}
