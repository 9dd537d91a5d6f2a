//! Keyed hashes of the ends of a connection.

use mirage::time::Instant;
use rand_core::Rng;
use siphasher::sip::{SipHasher13, SipHasher24};

use crate::tcp::table::Pair;

/// Keys made up at start, one for each purpose, so that what is seen of one tells nothing of another.
pub struct Secret {
    table: SipHasher13,
    sequence: SipHasher24,
    port: SipHasher24,
    clock: SipHasher24,
    cookie: SipHasher24,
}

impl Secret {
    pub fn new(random: &mut impl Rng) -> Self {
        let mut key = || {
            let mut key = [0; 16];
            random.fill_bytes(&mut key);
            key
        };
        Self {
            table: SipHasher13::new_with_key(&key()),
            sequence: SipHasher24::new_with_key(&key()),
            port: SipHasher24::new_with_key(&key()),
            clock: SipHasher24::new_with_key(&key()),
            cookie: SipHasher24::new_with_key(&key()),
        }
    }

    /// Where a connection stands in the tables; nobody can choose ends that all stand in one place.
    pub fn hash(&self, pair: &Pair) -> u32 {
        self.table.hash(&pair.bytes()) as u32
    }

    /// An initial sequence number: a clock of 4 µs, at an offset of its own for each pair of ends (RFC 6528 section 3).
    pub fn sequence(&self, pair: &Pair, now: Instant) -> u32 {
        let clock = (now.as_nanos() / 4_000) as u32;
        clock.wrapping_add(self.sequence.hash(&pair.bytes()) as u32)
    }

    /// What is added to a destination's ports (RFC 6056 section 3.3.3), while the local port is 0.
    pub fn port(&self, pair: &Pair) -> u32 {
        self.port.hash(&pair.bytes()) as u32
    }

    /// What is added to a connection's timestamps (RFC 7323 section 5.4).
    pub fn clock(&self, pair: &Pair) -> u32 {
        self.clock.hash(&pair.bytes()) as u32
    }

    /// What only this endpoint can have put into a SYN-ACK (RFC 4987 section 3.6).
    pub fn cookie(&self, pair: &Pair, irs: u32, extra: u64) -> u32 {
        let mut bytes = [0; 48];
        bytes[..36].copy_from_slice(&pair.bytes());
        bytes[36..40].copy_from_slice(&irs.to_be_bytes());
        bytes[40..].copy_from_slice(&extra.to_be_bytes());
        self.cookie.hash(&bytes) as u32
    }
}
