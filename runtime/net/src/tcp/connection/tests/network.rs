//! Two connections, and a network between them that loses, repeats, delays and overtakes, in virtual time.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::time::Duration;

use mirage::Refused;
use mirage::time::Instant;

use super::script::octet;
use crate::tcp::buffer::Pool;
use crate::tcp::connection::{Changes, Config, Connection, Path, Shared, State};
use crate::tcp::{Segment, Seq};

/// Pseudo-random numbers of a seed (SplitMix64): good enough for a bad network.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True `of` times in 10,000.
    pub fn hits(&mut self, of: u32) -> bool {
        self.next() % 10_000 < u64::from(of)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}

/// How bad it is; chances in 10,000.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub loss: u32,
    pub twice: u32,
    pub delay: Duration,
    pub jitter: Duration,
    /// How many come later than others, and by how much.
    pub late: u32,
    pub lateness: Duration,
    /// Segments as large as this go through unharmed, the device at the other end puts nothing together.
    pub segment_most: u32,
    /// Bytes a second, and how many of them may queue up; none: as fast as can be.
    pub rate: Option<(u64, u64)>,
    /// After how long nothing arrives any more.
    pub dies: Option<Duration>,
}

pub struct End {
    pub connection: Connection,
    pub to_send: u32,
    pub sent: u32,
    pub received: u32,
    pub opened: bool,
    /// When the way it sends on is free again.
    free: Instant,
}

pub struct Network {
    pub ends: [End; 2],
    pub now: Instant,
    pub chance: Chance,
    weather: Weather,
    flying: BTreeMap<(Instant, u64), (usize, Segment, Vec<u8>)>,
    count: u64,
    pub lost: u64,
    pub carried: u64,
}

impl Network {
    /// Both ends connect to each other at the same time, or one to the other's `accepted` half.
    pub fn new(seed: u64, weather: Weather, configs: [Config; 2], to_send: [u32; 2]) -> Self {
        let mut chance = Chance(seed);
        let now = Instant::START + Duration::from_secs(1);
        let pool = Pool::default();
        let path = Path { mss: 1448, segment_most: weather.segment_most };
        let end = |config, to_send, iss| End {
            connection: Connection::connect(now, Seq(iss), iss, path, Rc::new(Shared { config, pool: pool.clone() })),
            to_send,
            sent: 0,
            received: 0,
            opened: false,
            free: now,
        };
        let ends =
            [end(configs[0], to_send[0], chance.next() as u32), end(configs[1], to_send[1], chance.next() as u32)];
        Self { ends, now, chance, weather, flying: BTreeMap::new(), count: 0, lost: 0, carried: 0 }
    }

    fn transmit(&mut self, index: usize) {
        let Self { ends, chance, weather, flying, count, lost, carried, now } = self;
        let End { connection, free, .. } = &mut ends[index];
        let outcome = connection.transmit(*now, &mut |segment, parts, size| {
            if chance.hits(weather.loss / 4) {
                return Err(Refused::Full);
            }
            let bytes = parts.concat();
            let size = if size == 0 { bytes.len().max(1) } else { usize::from(size) };
            let pieces = bytes.len().div_ceil(size).max(1);
            for piece in 0..pieces {
                let payload = bytes[piece * size..bytes.len().min((piece + 1) * size)].to_vec();
                let last = piece + 1 == pieces;
                let seq = segment.seq + (piece * size) as u32;
                let segment = Segment { seq, fin: segment.fin && last, psh: segment.psh && last, ..*segment };
                for _ in 0..1 + u32::from(chance.hits(weather.twice)) {
                    *carried += 1;
                    let dead = weather.dies.is_some_and(|dies| *now > Instant::START + Duration::from_secs(1) + dies);
                    if dead || chance.hits(weather.loss) {
                        *lost += 1;
                        continue;
                    }
                    let mut start = *now;
                    if let Some((rate, queue)) = weather.rate {
                        let waits = free.since(*now).as_nanos() as u64 * rate / 1_000_000_000;
                        if waits > queue {
                            *lost += 1;
                            continue;
                        }
                        let takes = (payload.len() as u64 + 66) * 1_000_000_000 / rate;
                        *free = (*free).max(*now) + Duration::from_nanos(takes);
                        start = *free;
                    }
                    let jitter = Duration::from_nanos(chance.below(weather.jitter.as_nanos() as u64));
                    let late = if chance.hits(weather.late) { weather.lateness } else { Duration::ZERO };
                    *count += 1;
                    flying
                        .insert((start + weather.delay + jitter + late, *count), (1 - index, segment, payload.clone()));
                }
            }
            Ok(())
        });
        let _ = outcome;
    }

    /// The application of an end: writes as much as `most` says, reads as much as `most` says.
    fn work(&mut self, index: usize, most: [u64; 2]) {
        let end = &mut self.ends[index];
        if !end.opened {
            return;
        }
        let room = end.connection.send_room().min(most[0] as usize).min((end.to_send - end.sent) as usize);
        let until = end.sent + room as u32;
        while end.sent < until {
            let mut chunk = end.connection.pool().take();
            while end.sent < until && chunk.room() > 0 {
                chunk.append(&[octet(end.sent)]);
                end.sent += 1;
            }
            end.connection.give(chunk);
        }
        if end.sent == end.to_send && most[0] > 0 {
            end.connection.close();
        }
        let mut left = most[1];
        while left > 0 {
            let Some(chunk) = end.connection.take_received() else { break };
            for &byte in chunk.filled() {
                assert_eq!(byte, octet(end.received), "octet {}", end.received);
                end.received += 1;
            }
            left = left.saturating_sub(chunk.len() as u64);
            end.connection.consumed(chunk.len());
        }
    }

    fn note(&mut self, index: usize, changes: Changes) {
        self.ends[index].opened |= changes.opened;
        if changes.challenge {
            self.ends[index].connection.challenge();
        }
    }

    /// The next thing that happens; false if nothing will.
    fn step(&mut self, pace: Option<u64>) -> bool {
        let flying = self.flying.keys().next().map(|&(at, _)| at);
        let timers = self.ends.iter().filter_map(|end| end.connection.deadline()).min();
        let Some(next) = flying.into_iter().chain(timers).min() else { return false };
        self.now = self.now.max(next);
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let (to, segment, payload) = entry.remove();
            let changes = self.ends[to].connection.input(self.now, &segment, &payload, 0);
            self.note(to, changes);
        }
        for index in 0..2 {
            if self.ends[index].connection.deadline().is_some_and(|due| due <= self.now) {
                let changes = self.ends[index].connection.expire(self.now);
                self.note(index, changes);
            }
            let mut amount = || pace.map_or(u64::MAX, |pace| self.chance.below(pace));
            let most = [amount(), amount()];
            self.work(index, most);
            self.transmit(index);
        }
        true
    }

    /// Runs until both ends are done or have failed; each read and write is of up to `pace` bytes.
    pub fn run(&mut self, pace: Option<u64>) {
        let mut steps = 0u64;
        self.transmit(0);
        self.transmit(1);
        while !self.is_over() {
            if !self.step(pace) {
                // Only the applications have something to do.
                self.now = self.now + Duration::from_millis(1);
                for index in 0..2 {
                    self.work(index, [u64::MAX; 2]);
                    self.transmit(index);
                }
            }
            steps += 1;
            assert!(steps < 3_000_000, "it goes on for ever at {:?}", self.now);
        }
    }

    fn is_over(&self) -> bool {
        self.ends.iter().all(|end| {
            let state = end.connection.state();
            let read = end.connection.is_finished() || end.connection.error().is_some();
            matches!(state, State::Closed | State::TimeWait) && read
        })
    }
}
