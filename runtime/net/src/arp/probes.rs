//! Whether somebody has an address already: probes (RFC 5227 §2.1).

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::MacAddress;
use mirage::time::Instant;

/// How often is asked (RFC 5227 §1.1, PROBE_NUM).
const PROBES: u8 = 3;
/// How long an answer is waited for, each time. RFC 5227 §1.1 has it be seconds, seven in all, for people who do not
/// notice; what a unikernel is started for waits for its address, and a neighbour answers within a millisecond. Whoever
/// was not reached meanwhile clashes later, which is noticed too.
const PATIENCE: Duration = Duration::from_millis(100);

/// The addresses that are asked about.
#[derive(Default)]
pub struct Probes(Vec<Probe>);

struct Probe {
    address: Ipv4Addr,
    sent: u8,
    next: Instant,
    /// Who has it, or nobody, once that is known.
    verdict: Option<Option<MacAddress>>,
}

impl Probes {
    /// Asks about an address, from now on.
    pub fn begin(&mut self, address: Ipv4Addr, now: Instant) {
        // A verdict that nobody came for is forgotten, so that what is here is bounded by who asks.
        self.0.retain(|probe| probe.address != address && probe.verdict.is_none());
        self.0.push(Probe { address, sent: 0, next: now, verdict: None });
    }

    /// Takes the verdict on an address: who has it, or nobody. None yet, if it is still asked about.
    pub fn verdict(&mut self, address: Ipv4Addr) -> Option<Option<MacAddress>> {
        let index = self.0.iter().position(|probe| probe.address == address && probe.verdict.is_some())?;
        self.0.swap_remove(index).verdict
    }

    /// Somebody says that an address is theirs, or asks as this host does whether they can have it (RFC 5227 §2.1.1).
    /// True if that was to be known.
    pub fn taken(&mut self, address: Ipv4Addr, by: MacAddress) -> bool {
        let Some(probe) = self.0.iter_mut().find(|probe| probe.address == address && probe.verdict.is_none()) else {
            return false;
        };
        probe.verdict = Some(Some(by));
        true
    }

    /// What is to be asked about now, when the next is, and whether there is a new verdict.
    pub fn poll(&mut self, now: Instant) -> (Vec<Ipv4Addr>, Option<Instant>, bool) {
        let (mut due, mut news) = (Vec::new(), false);
        for probe in self.0.iter_mut().filter(|probe| probe.verdict.is_none() && probe.next <= now) {
            if probe.sent == PROBES {
                probe.verdict = Some(None);
                news = true;
            } else {
                probe.sent += 1;
                probe.next = now + PATIENCE;
                due.push(probe.address);
            }
        }
        let next = self.0.iter().filter(|probe| probe.verdict.is_none()).map(|probe| probe.next).min();
        (due, next, news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const OTHER: MacAddress = MacAddress([2, 0, 0, 0, 0, 9]);

    #[test]
    fn rfc_5227_2_1_nobody_answers() {
        let mut probes = Probes::default();
        probes.begin(ADDRESS, Instant::START);
        let (mut asked, mut next) = (0, Some(Instant::START));
        while let Some(now) = next {
            assert_eq!(probes.verdict(ADDRESS), None);
            let due;
            (due, next, _) = probes.poll(now);
            asked += due.len();
        }
        assert_eq!((asked, probes.verdict(ADDRESS)), (PROBES.into(), Some(None)));
        assert_eq!(probes.verdict(ADDRESS), None, "it is taken once");
    }

    #[test]
    fn rfc_5227_2_1_1_somebody_has_it() {
        let mut probes = Probes::default();
        assert!(!probes.taken(ADDRESS, OTHER), "it is not asked about");
        probes.begin(ADDRESS, Instant::START);
        probes.poll(Instant::START);
        assert!(probes.taken(ADDRESS, OTHER));
        assert_eq!(probes.poll(Instant::START + PATIENCE), (Vec::new(), None, false), "it is known");
        assert_eq!(probes.verdict(ADDRESS), Some(Some(OTHER)));
        for _ in 0..100 {
            probes.begin(ADDRESS, Instant::START);
            probes.taken(ADDRESS, OTHER);
        }
        assert_eq!(probes.0.len(), 1);
    }
}
