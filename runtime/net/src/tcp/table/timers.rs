//! When connections want to be looked at next.

use alloc::vec::Vec;

use mirage::time::Instant;

/// Not in the heap.
const IDLE: u32 = u32::MAX;

/// A heap with at most one deadline a connection. A deadline that moves to later is left where it stands: the
/// connection is looked at once too early and says then when it is to be looked at again. So the retransmission timer,
/// which every acknowledgement moves, costs nothing.
#[derive(Default)]
pub struct Timers {
    heap: Vec<(Instant, u32)>,
    /// Where in the heap each connection stands, by its place in the table of connections.
    positions: Vec<u32>,
}

impl Timers {
    /// Has the connection at `place` looked at no later than `at`.
    pub fn arm(&mut self, place: u32, at: Instant) {
        if self.positions.len() <= place as usize {
            self.positions.resize(place as usize + 1, IDLE);
        }
        match self.positions[place as usize] {
            IDLE => {
                self.heap.push((at, place));
                self.up(self.heap.len() - 1);
            }
            position if at < self.heap[position as usize].0 => {
                self.heap[position as usize].0 = at;
                self.up(position as usize);
            }
            _ => {}
        }
    }

    /// Forgets the connection at `place`.
    pub fn cancel(&mut self, place: u32) {
        if let Some(&position) = self.positions.get(place as usize)
            && position != IDLE
        {
            self.take(position as usize);
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|&(at, _)| at)
    }

    /// Takes out a connection whose deadline has come.
    pub fn due(&mut self, now: Instant) -> Option<u32> {
        let &(at, place) = self.heap.first()?;
        (at <= now).then(|| {
            self.take(0);
            place
        })
    }

    fn take(&mut self, position: usize) {
        let (_, place) = self.heap.swap_remove(position);
        self.positions[place as usize] = IDLE;
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
        self.positions[place as usize] = position as u32;
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
    fn a_deadline_moves_to_earlier_only() {
        let mut timers = Timers::default();
        timers.arm(7, at(20));
        timers.arm(7, at(30));
        assert_eq!(timers.next(), Some(at(20)));
        timers.arm(7, at(10));
        assert_eq!(timers.due(at(9)), None);
        assert_eq!(timers.due(at(10)), Some(7));
        assert_eq!(timers.next(), None);
    }

    proptest! {
        #[test]
        fn comes_out_in_order_whatever_went_in(steps in prop::collection::vec((0u32..20, 0u64..100, 0u8..4), 0..200)) {
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            for (place, when, step) in steps {
                match step {
                    0 => {
                        timers.cancel(place);
                        model.remove(&place);
                    }
                    1 => {
                        let least = model.values().min().copied().filter(|&least| least <= when);
                        let due = timers.due(at(when));
                        prop_assert_eq!(due.is_some(), least.is_some());
                        if let Some(due) = due {
                            prop_assert_eq!(model.remove(&due), least);
                        }
                    }
                    _ => {
                        timers.arm(place, at(when));
                        let armed = model.entry(place).or_insert(when);
                        *armed = (*armed).min(when);
                    }
                }
                prop_assert_eq!(timers.next(), model.values().min().map(|&least| at(least)));
            }
        }
    }
}
