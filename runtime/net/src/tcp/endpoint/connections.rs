//! The table of connections.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::hint::black_box;

use mirage::time::Instant;

use super::Socket;
use crate::index::Table;
use crate::tcp::table::{Pair, Timers};

/// Every connection packets can come for, found by its ends, and when each is due. What looking one up touches here is a
/// few bytes a connection, which caches hold; its ends are compared where it begins itself, which is needed anyway.
#[derive(Default)]
pub struct Connections {
    /// By their ends: the place, and the connection. With their hash four stand in a cache line.
    index: Table<(u32, Rc<Socket>)>,
    /// The same by their place.
    slots: Vec<Option<Rc<Socket>>>,
    free: Vec<u32>,
    timers: Timers,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn find(&self, hash: u32, pair: &Pair) -> Option<&Rc<Socket>> {
        let found = self.index.find(hash, |(place, socket)| {
            // What a packet needs of its connection is asked for all at once, before the first of it has come: waiting
            // for one cache line after the other would be most of what it costs, among so many that caches do not hold
            // them.
            black_box(self.timers.glance(*place));
            socket.glance();
            socket.pair() == pair
        });
        found.map(|(_, socket)| socket)
    }

    /// Adds a connection; where it stands.
    pub fn insert(&mut self, hash: u32, socket: Rc<Socket>) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // Memory has bounds far below this.
            (self.slots.len() - 1) as u32
        });
        self.slots[place as usize] = Some(Rc::clone(&socket));
        self.index.insert(hash, (place, socket));
        place
    }

    pub fn remove(&mut self, hash: u32, place: u32) {
        self.timers.cancel(place);
        if self.slots.get_mut(place as usize).and_then(Option::take).is_some() {
            self.free.push(place);
            self.index.remove(hash, |&(stored, _)| stored == place);
        }
    }

    /// When the connection at `place` is to be looked at, if at all.
    pub fn set_timer(&mut self, place: u32, at: Option<Instant>) {
        self.timers.set(place, at);
    }

    /// Takes a connection out of the timers whose deadline has come.
    pub fn due(&mut self, now: Instant) -> Option<Rc<Socket>> {
        let place = self.timers.due(now)?;
        self.slots.get(place as usize)?.clone()
    }

    /// The earliest deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}
