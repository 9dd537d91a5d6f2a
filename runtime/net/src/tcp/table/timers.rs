//! When connections want to be looked at next.

use alloc::vec::Vec;

use mirage::time::Instant;

/// Not in the heap.
const IDLE: u32 = u32::MAX;
/// Wants nothing.
const NEVER: Instant = Instant::from_nanos(u64::MAX);

/// A heap with at most one entry a connection. A deadline that moves to later, or is given up, leaves its entry where it
/// stands: when that comes to the front, what the connection wants now is looked up here, in a few bytes that caches
/// hold, and the connection itself is left alone. So the retransmission timer, which every acknowledgement moves, costs
/// nothing.
#[derive(Default)]
pub struct Timers {
    heap: Vec<(Instant, u32)>,
    /// By the connection's place in the table of connections.
    slots: Vec<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// When the connection wants to be looked at.
    wanted: Instant,
    /// Where in the heap it stands.
    position: u32,
}

impl Timers {
    /// Has the connection at `place` looked at no earlier than `at`, or not at all.
    pub fn set(&mut self, place: u32, at: Option<Instant>) {
        let index = place as usize;
        if self.slots.len() <= index {
            self.slots.resize(index + 1, Slot { wanted: NEVER, position: IDLE });
        }
        let slot = &mut self.slots[index];
        slot.wanted = at.unwrap_or(NEVER);
        let (position, Some(at)) = (slot.position, at) else { return };
        if position == IDLE {
            self.heap.push((at, place));
            self.up(self.heap.len() - 1);
        } else if at < self.heap[position as usize].0 {
            self.heap[position as usize].0 = at;
            self.up(position as usize);
        }
    }

    /// Forgets the connection at `place`.
    pub fn cancel(&mut self, place: u32) {
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.wanted = NEVER;
            let position = slot.position;
            if position != IDLE {
                self.take(position as usize);
            }
        }
    }

    /// The earliest moment at which [`due`](Self::due) may have something.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|&(at, _)| at)
    }

    /// Takes out a connection whose deadline has come.
    pub fn due(&mut self, now: Instant) -> Option<u32> {
        while let Some(&(at, place)) = self.heap.first()
            && at <= now
        {
            let slot = &mut self.slots[place as usize];
            let wanted = slot.wanted;
            if wanted <= now {
                slot.wanted = NEVER;
                self.take(0);
                return Some(place);
            }
            if wanted == NEVER {
                self.take(0);
            } else {
                self.heap[0].0 = wanted;
                self.down(0);
            }
        }
        None
    }

    fn take(&mut self, position: usize) {
        let (_, place) = self.heap.swap_remove(position);
        self.slots[place as usize].position = IDLE;
        if position < self.heap.len() {
            self.up(position);
            self.down(position);
        }
    }

    fn up(&mut self, mut position: usize) {
        while position > 0 && self.heap[position].0 < self.heap[(position - 1) / 2].0 {
            self.heap.swap(position, (position - 1) / 2);
            self.note(position);
            position = (position - 1) / 2;
        }
        self.note(position);
    }

    fn down(&mut self, mut position: usize) {
        loop {
            let children = 2 * position + 1..(2 * position + 3).min(self.heap.len());
            let Some(least) = children.min_by_key(|&child| self.heap[child].0) else { break };
            if self.heap[position].0 <= self.heap[least].0 {
                break;
            }
            self.heap.swap(position, least);
            self.note(position);
            position = least;
        }
        self.note(position);
    }

    fn note(&mut self, position: usize) {
        let (_, place) = self.heap[position];
        self.slots[place as usize].position = position as u32;
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(nanoseconds: u64) -> Instant {
        Instant::from_nanos(nanoseconds)
    }

    #[test]
    fn a_deadline_that_moves_to_later_is_seen_to_when_its_entry_comes_up() {
        let mut timers = Timers::default();
        timers.set(7, Some(at(20)));
        timers.set(7, Some(at(30)));
        assert_eq!(timers.next(), Some(at(20)));
        assert_eq!((timers.due(at(20)), timers.next()), (None, Some(at(30))));
        timers.set(7, Some(at(10)));
        assert_eq!((timers.due(at(9)), timers.due(at(10)), timers.next()), (None, Some(7), None));
        timers.set(7, Some(at(40)));
        timers.set(7, None);
        assert_eq!((timers.due(at(40)), timers.next()), (None, None));
    }

    proptest! {
        #[test]
        fn comes_out_in_order_whatever_went_in(steps in prop::collection::vec((0u32..20, 0u64..100, 0u8..5), 0..200)) {
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            let mut now = 0;
            for (place, when, step) in steps {
                match step {
                    0 => {
                        timers.cancel(place);
                        model.remove(&place);
                    }
                    1 => {
                        timers.set(place, None);
                        model.remove(&place);
                    }
                    2 => {
                        now += when / 4;
                        let least = model.values().min().copied().filter(|&least| least <= now);
                        let due = timers.due(at(now));
                        prop_assert_eq!(due.is_some(), least.is_some());
                        if let Some(due) = due {
                            prop_assert!(model.remove(&due).is_some_and(|when| when <= now));
                        }
                    }
                    _ => {
                        timers.set(place, Some(at(now + when)));
                        model.insert(place, now + when);
                    }
                }
                let (next, least) = (timers.next(), model.values().min().map(|&least| at(least)));
                prop_assert!(least.is_none_or(|least| next.is_some_and(|next| next <= least)));
            }
        }
    }
}
