//! The addresses this host answers for, and what is done when another has one of them (RFC 5227).

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::MacAddress;
use mirage::time::Instant;

/// How often an address is announced (RFC 5227 §1.1, ANNOUNCE_NUM), one more than it asks for: the first may come before
/// a bridge forwards.
const ANNOUNCEMENTS: u8 = 3;
/// Between two announcements (RFC 5227 §1.1, ANNOUNCE_INTERVAL).
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);
/// How often an address is defended at most (RFC 5227 §1.1, DEFEND_INTERVAL).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// The addresses.
#[derive(Default)]
pub struct Claims(Vec<Claim>);

struct Claim {
    address: Ipv4Addr,
    announcements: u8,
    next: Option<Instant>,
    defended: Option<Instant>,
    /// Who goes on claiming it after it was defended.
    contested: Option<MacAddress>,
}

impl Claims {
    /// Answers for an address from now on, and announces it.
    pub fn add(&mut self, address: Ipv4Addr, now: Instant) {
        self.remove(address);
        self.0.push(Claim { address, announcements: ANNOUNCEMENTS, next: Some(now), defended: None, contested: None });
    }

    /// Answers for an address no longer.
    pub fn remove(&mut self, address: Ipv4Addr) {
        self.0.retain(|claim| claim.address != address);
    }

    /// Whether this host answers for it.
    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.0.iter().any(|claim| claim.address == address)
    }

    /// The address questions are asked from: the first, or none of its own.
    pub fn first(&self) -> Ipv4Addr {
        self.0.first().map_or(Ipv4Addr::UNSPECIFIED, |claim| claim.address)
    }

    /// Who goes on claiming an address after it was defended: a host that can have another gives it up (RFC 5227 §2.4 b),
    /// one that was told it keeps it (§2.4 c).
    pub fn contested(&self, address: Ipv4Addr) -> Option<MacAddress> {
        self.0.iter().find(|claim| claim.address == address).and_then(|claim| claim.contested)
    }

    /// Somebody else says that an address is theirs. True if it is claimed here: then it is announced once more, unless
    /// that was done lately, whereupon it is contested (RFC 5227 §2.4 b).
    pub fn clashes(&mut self, address: Ipv4Addr, with: MacAddress, now: Instant) -> bool {
        let Some(claim) = self.0.iter_mut().find(|claim| claim.address == address) else { return false };
        if claim.defended.is_none_or(|defended| now >= defended + DEFEND_INTERVAL) {
            log::error!("{address} is also the address of {with}: give one of the two another");
            claim.defended = Some(now);
            claim.announcements = claim.announcements.max(1);
            claim.next = Some(now);
        } else {
            claim.contested = Some(with);
        }
        true
    }

    /// What is to be announced now, and whether somebody who has it is to be asked for; and when the next is.
    pub fn poll(&mut self, now: Instant) -> (Vec<(Ipv4Addr, bool)>, Option<Instant>) {
        let mut due = Vec::new();
        for claim in &mut self.0 {
            if claim.next.is_some_and(|next| next <= now) {
                // Whoever was heard of need not be asked for, and would answer a defence.
                due.push((claim.address, claim.defended.is_none()));
                claim.announcements = claim.announcements.saturating_sub(1);
                claim.next = (claim.announcements > 0).then(|| now + ANNOUNCE_INTERVAL);
            }
        }
        (due, self.0.iter().filter_map(|claim| claim.next).min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const OTHER: MacAddress = MacAddress([2, 0, 0, 0, 0, 9]);

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn rfc_5227_2_3_an_address_is_announced() {
        let mut claims = Claims::default();
        claims.add(ADDRESS, at(0));
        let mut announced = 0;
        let mut next = Some(at(0));
        while let Some(now) = next {
            let due;
            (due, next) = claims.poll(now);
            for (_, ask) in due {
                assert!(ask);
                announced += 1;
            }
        }
        assert_eq!(announced, ANNOUNCEMENTS);
    }

    #[test]
    fn rfc_5227_2_4_an_address_is_defended_once_in_a_while() {
        let mut claims = Claims::default();
        assert!(!claims.clashes(ADDRESS, OTHER, at(0)));
        claims.add(ADDRESS, at(0));
        (0..9).for_each(|second| _ = claims.poll(at(second)));
        let mut defended = 0;
        for second in 20..40 {
            assert_eq!(claims.contested(ADDRESS), (second > 21).then_some(OTHER));
            assert!(claims.clashes(ADDRESS, OTHER, at(second)));
            defended += claims.poll(at(second)).0.iter().filter(|(_, ask)| !ask).count();
        }
        assert_eq!(defended, 2);
    }
}
