//! TIME-WAIT (RFC 9293 section 3.6.1): what is left of a connection after both ends have finished.

use core::time::Duration;

use mirage::time::Instant;

use super::Pair;
use super::nodes::{List, Nodes};
use crate::index::Index;
use crate::tcp::Seq;
use crate::tcp::connection::TimeWait;

/// How long a pair of ends is remembered: twice the time a segment may live (RFC 9293 section 3.4.2), at 30 s for that
/// as everybody has it.
const REMEMBERED: Duration = Duration::from_secs(60);
/// So many are remembered; past that the oldest is forgotten early.
const MOST: usize = 1 << 18;

/// What is left of a connection: enough to answer what is still under way, and to judge a new SYN.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    pub pair: Pair,
    /// SND.NXT.
    pub sent: Seq,
    /// RCV.NXT.
    pub received: Seq,
    /// The peer's latest timestamp, if there were any (RFC 7323).
    pub echo: u32,
    pub timestamps: bool,
    /// The window announced last, as it stands in a header.
    pub window: u16,
    /// Milliseconds of the clock, as far as 32 bits go.
    until: u32,
}

impl Closed {
    pub fn new(pair: Pair, left: TimeWait) -> Self {
        let TimeWait { seq, ack, window, timestamp, .. } = left;
        let (echo, timestamps) = (timestamp.unwrap_or(0), timestamp.is_some());
        Self { pair, sent: seq, received: ack, echo, timestamps, window, until: 0 }
    }
}

/// Connections in TIME-WAIT, 64 bytes each, in the order they are forgotten in.
#[derive(Default)]
pub struct TimeWaits {
    nodes: Nodes<Closed>,
    order: List,
    index: Index,
}

impl TimeWaits {
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn find(&self, hash: u32, pair: &Pair) -> Option<u32> {
        self.index.find(hash, |place| self.nodes.get(place).pair == *pair)
    }

    pub fn get(&self, place: u32) -> &Closed {
        self.nodes.get(place)
    }

    /// Remembers a connection from now on. `hash` tells the hash of another one, should it have to go.
    pub fn insert(&mut self, closed: Closed, now: Instant, hash: impl Fn(&Pair) -> u32) {
        if self.nodes.len() >= MOST
            && let Some(oldest) = self.order.first()
        {
            self.remove(oldest, &hash);
        }
        let place = self.nodes.insert(Closed { until: until(now), ..closed }, &mut self.order);
        self.index.insert(hash(&closed.pair), place);
    }

    /// Remembers it for the whole time again (RFC 9293 section 3.10.7.4, the eighth check).
    pub fn restart(&mut self, place: u32, now: Instant) {
        self.nodes.get_mut(place).until = until(now);
        self.nodes.move_back(place, &mut self.order);
    }

    pub fn remove(&mut self, place: u32, hash: impl Fn(&Pair) -> u32) {
        let closed = self.nodes.remove(place, &mut self.order);
        self.index.remove(hash(&closed.pair), place);
    }

    /// Forgets those whose time is up; returns when the next one's is.
    pub fn expire(&mut self, now: Instant, hash: impl Fn(&Pair) -> u32) -> Option<Instant> {
        loop {
            let oldest = self.order.first()?;
            let left = self.nodes.get(oldest).until.wrapping_sub(milliseconds(now)) as i32;
            if left > 0 {
                return Some(now + Duration::from_millis(u64::from(left.unsigned_abs())));
            }
            self.remove(oldest, &hash);
        }
    }
}

fn until(now: Instant) -> u32 {
    milliseconds(now + REMEMBERED)
}

fn milliseconds(at: Instant) -> u32 {
    (at.as_nanos() / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, SocketAddr};

    use super::super::nodes::Node;
    use super::*;

    fn pair(port: u16) -> Pair {
        let end = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        Pair::new(end(80), end(port))
    }

    fn hash(pair: &Pair) -> u32 {
        u32::from(pair.remote_port)
    }

    #[test]
    fn an_entry_takes_64_bytes() {
        assert!(size_of::<Node<Closed>>() <= 64);
    }

    #[test]
    fn is_forgotten_after_twice_the_life_of_a_segment_rfc_9293_3_4_2() {
        // Where 32 bits of milliseconds come round.
        let start = Instant::from_nanos(((1 << 32) - 30_000) * 1_000_000);
        let mut table = TimeWaits::default();
        for port in [1, 2] {
            let left = TimeWait { seq: Seq(0), ack: Seq(0), window: 0, timestamp: None, timestamp_offset: 0 };
            table.insert(Closed::new(pair(port), left), start, hash);
        }
        let later = start + Duration::from_secs(59);
        assert_eq!(table.expire(later, hash), Some(start + REMEMBERED));
        let place = table.find(1, &pair(1)).unwrap();
        table.restart(place, later);
        assert_eq!(table.expire(start + REMEMBERED, hash), Some(later + REMEMBERED));
        assert_eq!((table.len(), table.find(2, &pair(2))), (1, None));
        assert_eq!(table.expire(later + REMEMBERED, hash), None);
        assert_eq!(table.len(), 0);
    }
}
