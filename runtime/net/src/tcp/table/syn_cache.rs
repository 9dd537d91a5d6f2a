//! SYN-RECEIVED (RFC 9293 section 3.10.7.2): handshakes a peer has begun, a few bytes each (RFC 4987 section 3.4).

use core::time::Duration;

use mirage::time::Instant;

use super::Pair;
use super::nodes::{List, Nodes};
use crate::index::Index;
use crate::tcp::Seq;

/// So many handshakes are remembered; past that the peer is asked to remember (see `guard::cookie`).
const MOST: usize = 4096;
/// How often a SYN-ACK is sent again, with twice the wait each time.
const AGAIN: usize = 5;
/// How long the first SYN-ACK is waited on (RFC 6298 section 2.1).
const WAIT: Duration = Duration::from_secs(1);
/// A handshake with so many unanswered SYN-ACKs makes room for a new one, 3 s after it began.
const HOPELESS: usize = 3;

/// A handshake a peer has begun.
#[derive(Clone, Copy, Debug)]
pub struct HalfOpen {
    pub pair: Pair,
    /// Our initial sequence number.
    pub iss: Seq,
    /// The peer's.
    pub irs: Seq,
    /// The peer's timestamp, if it sent one (RFC 7323).
    pub echo: u32,
    pub timestamps: bool,
    /// The largest segment the peer takes, in bytes (RFC 9293 section 3.7.1).
    pub mss: u16,
    /// The window of its SYN, in bytes.
    pub window: u16,
    /// Its window scale, if it sent one.
    pub scale: Option<u8>,
    pub sack: bool,
    /// SYN-ACKs sent.
    pub sent: u8,
    /// Milliseconds of the clock, as far as 32 bits go.
    pub due: u32,
}

impl HalfOpen {
    /// How long its SYN-ACK has been under way, as far as milliseconds tell; none if it was sent more than once, so that
    /// nobody knows which one an answer is to (Karn's algorithm, RFC 6298 section 3).
    pub fn round_trip(&self, now: Instant) -> Option<Duration> {
        let left = Duration::from_millis(u64::from(left(self, now).max(0).unsigned_abs()));
        (self.sent == 1).then(|| WAIT.saturating_sub(left) + Duration::from_millis(1))
    }
}

/// Handshakes, in a list for each number of SYN-ACKs sent: all entries of a list wait for the same time, so its first
/// one is due first.
#[derive(Default)]
pub struct SynCache {
    nodes: Nodes<HalfOpen>,
    lists: [List; AGAIN + 2],
    index: Index,
}

impl SynCache {
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn find(&self, hash: u32, pair: &Pair) -> Option<u32> {
        self.index.find(hash, |place| self.nodes.get(place).pair == *pair)
    }

    pub fn get(&self, place: u32) -> &HalfOpen {
        self.nodes.get(place)
    }

    /// Remembers a handshake, whose first SYN-ACK is due at once; false when there is no room.
    pub fn insert(&mut self, half: HalfOpen, now: Instant, hash: impl Fn(&Pair) -> u32) -> bool {
        if self.nodes.len() >= MOST {
            let Some(hopeless) = self.lists[HOPELESS..].iter().rev().find_map(List::first) else { return false };
            self.remove(hopeless, &hash);
        }
        let place = self.nodes.insert(HalfOpen { sent: 0, due: milliseconds(now), ..half }, &mut self.lists[0]);
        self.index.insert(hash(&half.pair), place);
        true
    }

    pub fn remove(&mut self, place: u32, hash: impl Fn(&Pair) -> u32) -> HalfOpen {
        let list = usize::from(self.nodes.get(place).sent);
        let half = self.nodes.remove(place, &mut self.lists[list]);
        self.index.remove(hash(&half.pair), place);
        half
    }

    /// A handshake whose SYN-ACK is to be sent now. Those that never were answered are forgotten on the way.
    pub fn due(&mut self, now: Instant, hash: impl Fn(&Pair) -> u32) -> Option<(u32, HalfOpen)> {
        for list in 0..self.lists.len() {
            while let Some(place) = self.lists[list].first() {
                let half = *self.nodes.get(place);
                if left(&half, now) > 0 {
                    break;
                }
                if list <= AGAIN {
                    return Some((place, half));
                }
                self.remove(place, &hash);
            }
        }
        None
    }

    /// The SYN-ACK of a handshake that is [due](Self::due) went out.
    pub fn sent(&mut self, place: u32, now: Instant) {
        let half = self.nodes.get_mut(place);
        let list = usize::from(half.sent);
        if let Some([from, to]) = self.lists.get_mut(list..list + 2) {
            half.sent += 1;
            half.due = milliseconds(now + WAIT * (1 << list));
            self.nodes.relink(place, from, to);
        }
    }

    /// When [`due`](Self::due) is worth calling again.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let firsts = self.lists.iter().filter_map(List::first);
        let least = firsts.map(|place| left(self.nodes.get(place), now)).min()?;
        Some(now + Duration::from_millis(u64::from(least.max(0).unsigned_abs())))
    }
}

fn left(half: &HalfOpen, now: Instant) -> i32 {
    half.due.wrapping_sub(milliseconds(now)) as i32
}

fn milliseconds(at: Instant) -> u32 {
    (at.as_nanos() / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, SocketAddr};

    use super::super::nodes::Node;
    use super::*;

    fn half(port: u16) -> HalfOpen {
        let end = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        HalfOpen {
            pair: Pair::new(end(80), end(port)),
            iss: Seq(0),
            irs: Seq(0),
            echo: 0,
            timestamps: false,
            mss: 536,
            window: 0,
            scale: None,
            sack: false,
            sent: 0,
            due: 0,
        }
    }

    fn hash(pair: &Pair) -> u32 {
        u32::from(pair.remote_port)
    }

    #[test]
    fn a_handshake_takes_less_than_a_hundred_bytes() {
        assert!(size_of::<Node<HalfOpen>>() <= 80, "{}", size_of::<Node<HalfOpen>>());
    }

    #[test]
    fn a_syn_ack_is_sent_six_times_with_twice_the_wait_rfc_6298_5_5() {
        let mut cache = SynCache::default();
        assert!(cache.insert(half(1), Instant::START, hash));
        let mut sent = alloc::vec::Vec::new();
        let mut now = Instant::START;
        while let Some(deadline) = cache.deadline(now) {
            now = deadline;
            if let Some((place, _)) = cache.due(now, hash) {
                cache.sent(place, now);
                sent.push(now.as_nanos() / 1_000_000_000);
            }
        }
        assert_eq!(sent, [0, 1, 3, 7, 15, 31]);
        assert_eq!((now.as_nanos() / 1_000_000_000, cache.len()), (63, 0));
    }

    #[test]
    fn a_full_cache_takes_no_more_until_some_are_hopeless_rfc_4987_3_4() {
        let mut cache = SynCache::default();
        for port in 0..MOST as u16 {
            assert!(cache.insert(half(port), Instant::START, hash));
        }
        assert!(!cache.insert(half(u16::MAX), Instant::START, hash));
        let later = Instant::START + Duration::from_secs(3);
        for now in [Instant::START, Instant::START + Duration::from_secs(1), later] {
            while let Some((place, _)) = cache.due(now, hash) {
                cache.sent(place, now);
            }
        }
        assert!(cache.insert(half(u16::MAX), later, hash));
        assert_eq!(cache.len(), MOST);
        assert_eq!(cache.find(0, &half(0).pair), None);
    }
}
