//! The MTU of paths that take less than the link does (RFC 1191, RFC 8201).

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use mirage::time::Instant;

/// The most paths remembered; the oldest makes room.
const MOST: usize = 64;
/// How long (RFC 1191 §6.3, RFC 8201 §4).
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// What is known of paths, by where they lead.
pub struct Paths {
    paths: Vec<Path>,
    /// No path is believed to take less: who says otherwise wants many small packets.
    least: u16,
    /// What is tried when a router does not say what it takes.
    unsaid: u16,
}

struct Path {
    to: IpAddr,
    mtu: u16,
    until: Instant,
}

impl Paths {
    /// Nothing known. No path takes less than `least`; `unsaid` is what it takes when a router does not say.
    pub const fn new(least: u16, unsaid: u16) -> Self {
        Self { paths: Vec::new(), least, unsaid }
    }

    /// The MTU of the path to an address, `link`'s if nothing else is known.
    pub fn mtu(&self, to: IpAddr, link: u16, now: Instant) -> u16 {
        let known = self.paths.iter().find(|path| path.to == to && path.until > now);
        known.map_or(link, |path| path.mtu.min(link))
    }

    /// A router says what the path to an address takes. Returns what that makes of it.
    pub fn learn(&mut self, to: IpAddr, said: u16, link: u16, now: Instant) -> u16 {
        let mtu = if said == 0 { self.unsaid } else { said.max(self.least) };
        let mtu = mtu.min(self.mtu(to, link, now));
        self.paths.retain(|path| path.to != to && path.until > now);
        if self.paths.len() == MOST {
            self.paths.remove(0);
        }
        self.paths.push(Path { to, mtu, until: now + REMEMBERED });
        mtu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: u16 = 552;
    const UNSAID: u16 = 576;

    #[test]
    fn rfc_1191_a_path_shrinks_and_is_tried_again() {
        let (mut paths, to) = (Paths::new(LEAST, UNSAID), IpAddr::from([192, 0, 2, 1]));
        let at = |minutes: u64| Instant::START + Duration::from_secs(60 * minutes);
        assert_eq!(paths.mtu(to, 1500, at(0)), 1500);
        assert_eq!(paths.learn(to, 1400, 1500, at(0)), 1400);
        assert_eq!(paths.learn(to, 9000, 1500, at(1)), 1400, "it does not grow by what somebody says");
        assert_eq!(paths.learn(to, 68, 1500, at(2)), LEAST);
        assert_eq!(paths.mtu(to, 1500, at(11)), LEAST);
        assert_eq!(paths.mtu(to, 1500, at(12)), 1500);
        assert_eq!(paths.learn(to, 0, 1500, at(13)), UNSAID);
        for last in 0..=255 {
            paths.learn(IpAddr::from([10, 0, 0, last]), 1400, 1500, at(14));
        }
        assert_eq!(paths.paths.len(), MOST);
    }
}
