//! Which groups this host listens to, said to whoever forwards them: routers that ask are answered, by MLDv2 (RFC 3810,
//! RFC 9777), or by MLDv1 (RFC 2710) while one that speaks no other asks.
//!
//! Groups have no sources here, so that a question about some of a group's sources is answered as one about the group.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Ethernet};

use super::address::{ALL_MLD_ROUTERS, group_mac, link_local, solicited_node};
use super::extension::HOP_BY_HOP;
use super::input::Arrival;
use super::layer::Shared;
use super::messages::{ICMPV6, Message};
use super::output::emit;

/// Types of messages (RFC 2710 §3, RFC 3810 §5.2).
pub const QUERY: u8 = 130;
pub const REPORT_V1: u8 = 131;
pub const REPORT_V2: u8 = 143;

/// The length of a question of version 1, and the least of one of version 2 (RFC 3810 §8.1), in bytes.
const QUERY_V1: usize = 24;
const QUERY_V2: usize = 28;
/// How long routers are taken to speak version 1 after one has asked by it (RFC 3810 §9.12, with the values of §9.1 to
/// §9.3).
const V1_PRESENT: Duration = Duration::from_secs(2 * 125 + 10);
/// Within which time a group that was joined is reported once more (RFC 3810 §9.11), in case the first report was lost.
const AGAIN: Duration = Duration::from_secs(1);

/// The reports that are due.
#[derive(Default)]
pub struct Listeners {
    /// Of all groups.
    all: Option<Instant>,
    /// Of one. There are only such as this host listens to.
    groups: Vec<(Ipv6Addr, Instant)>,
    /// Until when reports are those of version 1.
    v1: Option<Instant>,
}

impl Listeners {
    /// A group is to be reported, or all of them: at `due`, or earlier if that is said already (RFC 3810 §6.2).
    fn schedule(&mut self, group: Option<Ipv6Addr>, due: Instant) {
        match group {
            None => self.all = Some(self.all.map_or(due, |before| before.min(due))),
            Some(_) if self.all.is_some_and(|all| all <= due) => {}
            Some(group) => match self.groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, before)) => *before = (*before).min(due),
                None => self.groups.push((group, due)),
            },
        }
    }

    /// Somebody else has reported a group: by version 1, that is enough for all (RFC 2710 §4).
    fn reported(&mut self, group: Ipv6Addr, now: Instant) {
        if self.speaks_v1(now) {
            self.groups.retain(|&(known, _)| known != group);
        }
    }

    fn speaks_v1(&self, now: Instant) -> bool {
        self.v1.is_some_and(|until| until > now)
    }

    /// The groups that are due, `all` of which there are; and when the next is.
    fn take(&mut self, now: Instant, all: impl Iterator<Item = Ipv6Addr>) -> (Vec<Ipv6Addr>, Option<Instant>) {
        let mut due = Vec::new();
        if self.all.is_some_and(|at| at <= now) {
            self.all = None;
            self.groups.clear();
            // Addresses with the same end have one group.
            all.for_each(|group| {
                if !due.contains(&group) {
                    due.push(group)
                }
            });
        }
        self.groups.retain(|&(group, at)| {
            let is_due = at <= now;
            if is_due && !due.contains(&group) {
                due.push(group);
            }
            !is_due
        });
        let next = self.groups.iter().map(|&(_, at)| at).chain(self.all).min();
        (due, next)
    }
}

/// How long an answer may take (RFC 3810 §5.1.3), of what the field says, in milliseconds.
fn patience(code: u16, v1: bool) -> Duration {
    let milliseconds = match code {
        0x8000.. if !v1 => u64::from(code & 0xfff | 0x1000) << ((code >> 12 & 7) + 3),
        plain => plain.into(),
    };
    Duration::from_millis(milliseconds)
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// A message about listeners has come: a router asks, or somebody else reports. Neither is from afar
    /// (RFC 3810 §6.2).
    pub(super) fn listener(&self, arrival: &Arrival, kind: u8, message: &[u8]) {
        let &Arrival { source, hops, alert, now, .. } = arrival;
        let group = message.get(8..QUERY_V1).and_then(|group| <[u8; 16]>::try_from(group).ok()).map(Ipv6Addr::from);
        let (Some(group), true, 1, true) = (group, source.is_unicast_link_local(), hops, alert) else { return };
        let v1 = match message.len() {
            QUERY_V1 => true,
            QUERY_V2.. => false,
            _ => return,
        };
        let mut listeners = self.listeners.borrow_mut();
        if kind == REPORT_V1 {
            return listeners.reported(group, now);
        }
        if v1 {
            listeners.v1 = Some(now + V1_PRESENT);
        }
        let group = (!group.is_unspecified()).then_some(group);
        // Every node listens to its link, and does not say so (RFC 3810 §6).
        if group.is_some_and(|group| self.own.borrow().iter().all(|address| solicited_node(address) != group)) {
            return;
        }
        let most = patience(u16::from_be_bytes([message[4], message[5]]), v1);
        listeners.schedule(group, now + self.within(most));
        drop(listeners);
        self.ethernet.wake();
    }

    /// This host listens to a group from now on: it says so at once, and again.
    pub(super) fn join(&self, group: Ipv6Addr, now: Instant) {
        self.report_group(group, true, now);
        self.listeners.borrow_mut().schedule(Some(group), now + self.within(AGAIN));
    }

    /// Reports what is due; returns when there is more.
    pub(super) fn report_groups(&self, now: Instant) -> Option<Instant> {
        let (due, next) = {
            let own = self.own.borrow();
            self.listeners.borrow_mut().take(now, own.iter().map(solicited_node))
        };
        for group in due {
            // An address may have been given up meanwhile.
            if self.own.borrow().listens(group) {
                self.report_group(group, false, now);
            }
        }
        next
    }

    fn report_group(&self, group: Ipv6Addr, joined: bool, now: Instant) {
        // A router alert, padded, and the hop limit of one (RFC 3810 §5, RFC 2711).
        const ALERT: [u8; 8] = [ICMPV6, 0, 5, 2, 0, 0, 1, 0];
        let local = link_local(self.ethernet.mac());
        let source = if self.is_tentative(local) { Ipv6Addr::UNSPECIFIED } else { local };
        let v1 = self.listeners.borrow().speaks_v1(now);
        let to = if v1 { group } else { ALL_MLD_ROUTERS };
        let message = if v1 { Message::listens_v1(source, group) } else { Message::listens(source, to, group, joined) };
        let ip = emit(source, to, HOP_BY_HOP, 1, ALERT.len() + message.bytes().len());
        self.put(group_mac(to), &[&ip, &ALERT, message.bytes()]);
    }

    /// A random part of a time, so that not everybody answers at once.
    fn within(&self, most: Duration) -> Duration {
        // Marsaglia's xorshift: it keeps no secret.
        let mut chance = self.chance.get();
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        self.chance.set(chance);
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(((u128::from(most) * u128::from(chance)) >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3810_5_1_3_the_time_to_answer() {
        assert_eq!(patience(1000, false), Duration::from_secs(1));
        assert_eq!(patience(0x7fff, false), Duration::from_millis(0x7fff));
        assert_eq!(patience(0x8000, false), Duration::from_millis(0x1000 << 3));
        assert_eq!(patience(0xffff, false), Duration::from_millis(0x1fff << 10));
        assert_eq!(patience(0xffff, true), Duration::from_millis(0xffff), "RFC 2710 §3.4");
    }

    #[test]
    fn rfc_3810_6_2_the_earliest_answer_stands() {
        let at = |seconds| Instant::START + Duration::from_secs(seconds);
        let group = |last| Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, last);
        let all = || [group(1), group(1), group(2)].into_iter();
        let mut listeners = Listeners::default();
        listeners.schedule(Some(group(1)), at(5));
        listeners.schedule(Some(group(1)), at(9));
        listeners.schedule(None, at(7));
        assert_eq!(listeners.take(at(4), all()), (Vec::new(), Some(at(5))));
        assert_eq!(listeners.take(at(5), all()), (alloc::vec![group(1)], Some(at(7))));
        listeners.schedule(Some(group(2)), at(8));
        assert_eq!(listeners.take(at(7), all()), (alloc::vec![group(1), group(2)], None));
    }
}
