//! Segments that came together.
//!
//! Waiting for the memory of one connection after the other would be most of what a packet costs among so many that caches
//! do not hold them. So segments are put aside until the batch has ended; then the connections of all are looked up,
//! which has their memory fetched side by side, and only then the first of them is delivered.

use alloc::rc::Rc;
use alloc::vec::Vec;

use mirage::time::Instant;
use mirage::{Clock, Ip, Random};

use super::input::Arrival;
use super::{Endpoint, Socket};
use crate::tcp::Segment;
use crate::tcp::table::Pair;

/// So many segments are put aside: what their connections keep stays in the nearest cache until it is needed.
const MOST: usize = 32;
/// The longest payload that is put aside, in bytes. Copying a longer one costs more than waiting, and few connections
/// have those at a time.
const LONGEST: usize = 256;

/// Segments put aside. It keeps its memory from batch to batch.
#[derive(Default)]
pub struct Batch {
    held: Vec<Held>,
    payloads: Vec<u8>,
}

struct Held {
    pair: Pair,
    hash: u32,
    segment: Segment,
    coalesced: u16,
    now: Instant,
    /// How much of the payloads is its own, behind that of those before it, in bytes.
    length: usize,
    /// Its connection as it was when all were looked up.
    socket: Option<Rc<Socket>>,
}

impl Batch {
    /// Puts a segment aside; false when it is too long or there are enough.
    fn add(&mut self, arrival: &Arrival<'_>) -> bool {
        let &Arrival { pair, hash, segment, payload, coalesced, now } = arrival;
        if payload.len() > LONGEST || self.held.len() == MOST {
            return false;
        }
        self.payloads.extend_from_slice(payload);
        self.held.push(Held { pair, hash, segment, coalesced, now, length: payload.len(), socket: None });
        true
    }
}

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    /// A segment has come.
    pub(super) fn take(&self, arrival: &Arrival<'_>) {
        let aside = self.batch.try_borrow_mut().is_ok_and(|mut batch| batch.add(arrival));
        if !aside {
            // Those before it come first.
            self.deliver_all();
            self.arrive(arrival, None);
        }
    }

    /// Delivers what was put aside; when the last of it came.
    pub(super) fn deliver_all(&self) -> Option<Instant> {
        // What comes back while that is done is delivered at once.
        let mut batch = self.batch.try_borrow_mut().ok()?;
        let Batch { held, payloads } = &mut *batch;
        for held in held.iter_mut() {
            held.socket = self.core.find(held.hash, &held.pair);
        }
        let last = held.last().map(|held| held.now);
        let mut rest = &payloads[..];
        for Held { pair, hash, segment, coalesced, now, length, socket } in held.drain(..) {
            let (payload, others) = rest.split_at(length);
            rest = others;
            self.arrive(&Arrival { pair, hash, segment, payload, coalesced, now }, socket);
        }
        payloads.clear();
        last
    }

    /// Delivers a segment to its connection: to `socket`, unless those before it have changed whose it is.
    fn arrive(&self, arrival: &Arrival<'_>, socket: Option<Rc<Socket>>) {
        let socket = socket.filter(|socket| socket.place().is_some());
        match socket.or_else(|| self.core.find(arrival.hash, &arrival.pair)) {
            Some(socket) => self.deliver(&socket, arrival),
            None => self.stranger(arrival),
        }
    }
}
