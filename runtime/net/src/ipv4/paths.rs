//! The MTU of paths that take less than the link does (RFC 1191).

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::time::Instant;

/// The most paths remembered; the oldest makes room.
const MOST: usize = 64;
/// How long (RFC 1191 §6.3).
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// No path is believed to take less: every link of today takes more, and who says otherwise wants many small packets.
const LEAST: u16 = 552;
/// What is tried when a router does not say what it takes, as those from before RFC 1191 do not.
const UNSAID: u16 = 576;

/// What is known of paths.
#[derive(Default)]
pub struct Paths(Vec<Path>);

struct Path {
    to: Ipv4Addr,
    mtu: u16,
    until: Instant,
}

impl Paths {
    /// The MTU of the path to an address, `link`'s if nothing else is known.
    pub fn mtu(&self, to: Ipv4Addr, link: u16, now: Instant) -> u16 {
        let known = self.0.iter().find(|path| path.to == to && path.until > now);
        known.map_or(link, |path| path.mtu.min(link))
    }

    /// A router says what the path to an address takes. Returns what that makes of it.
    pub fn learn(&mut self, to: Ipv4Addr, said: u16, link: u16, now: Instant) -> u16 {
        let mtu = if said == 0 { UNSAID } else { said.max(LEAST) };
        let mtu = mtu.min(self.mtu(to, link, now));
        self.0.retain(|path| path.to != to && path.until > now);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Path { to, mtu, until: now + REMEMBERED });
        mtu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1191_a_path_shrinks_and_is_tried_again() {
        let (mut paths, to) = (Paths::default(), Ipv4Addr::new(192, 0, 2, 1));
        let at = |minutes: u64| Instant::START + Duration::from_secs(60 * minutes);
        assert_eq!(paths.mtu(to, 1500, at(0)), 1500);
        assert_eq!(paths.learn(to, 1400, 1500, at(0)), 1400);
        assert_eq!(paths.learn(to, 9000, 1500, at(1)), 1400, "it does not grow by what somebody says");
        assert_eq!(paths.learn(to, 68, 1500, at(2)), LEAST);
        assert_eq!(paths.mtu(to, 1500, at(11)), LEAST);
        assert_eq!(paths.mtu(to, 1500, at(12)), 1500);
        assert_eq!(paths.learn(to, 0, 1500, at(13)), UNSAID);
        for last in 0..=255 {
            paths.learn(Ipv4Addr::new(10, 0, 0, last), 1400, 1500, at(14));
        }
        assert_eq!(paths.0.len(), MOST);
    }
}
