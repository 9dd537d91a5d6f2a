//! A queue of values by deadline, from which any one can be taken back: a heap, each entry of which knows its slot, and
//! slots, each of which knows its place in the heap. Nothing is allocated once it is as long as it gets.

use alloc::vec::Vec;
use core::mem;

use mirage::time::Instant;

/// Children of an entry of the heap: four lie on one or two cache lines, and make it half as deep as two would.
const CHILDREN: usize = 4;

/// Values by deadline; those of one deadline in the order they came.
pub struct Queue<T> {
    /// An entry is before its children, which are at `CHILDREN` times its place and on.
    heap: Vec<Entry>,
    slots: Vec<Slot<T>>,
    /// The first slot that is empty, whose place is that of the next one; where there is none, past the last slot.
    free: usize,
    numbered: u64,
}

/// What an entry of a queue is asked for by.
#[derive(Clone, Copy)]
pub struct Ticket {
    slot: usize,
    number: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    deadline: Instant,
    /// Tells two of one deadline apart and keeps them in order. None is given twice.
    number: u64,
    slot: usize,
}

struct Slot<T> {
    /// Who has it, or had it last.
    number: u64,
    place: usize,
    value: Option<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), free: usize::MAX, numbered: 0 }
    }
}

impl<T> Queue<T> {
    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|first| first.deadline)
    }

    /// Adds a value.
    pub fn insert(&mut self, deadline: Instant, value: T) -> Ticket {
        self.numbered += 1;
        let number = self.numbered;
        let place = self.heap.len();
        let filled = Slot { number, place, value: Some(value) };
        let slot = self.free.min(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(empty) => {
                self.free = empty.place;
                *empty = filled;
            }
            None => self.slots.push(filled),
        }
        let entry = Entry { deadline, number, slot };
        self.heap.push(entry);
        self.rise(place, entry);
        Ticket { slot, number }
    }

    /// The value, unless it was taken.
    pub fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        self.slots.get_mut(ticket.slot).filter(|slot| slot.number == ticket.number)?.value.as_mut()
    }

    /// Takes the value out, unless it was taken.
    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        let slot = self.slots.get_mut(ticket.slot).filter(|slot| slot.number == ticket.number)?;
        let value = slot.value.take()?;
        let place = mem::replace(&mut slot.place, self.free);
        self.free = ticket.slot;
        // The last entry takes its place, and then one that suits it.
        let last = self.heap.pop()?;
        if place < self.heap.len() && !self.rise(place, last) {
            self.sink(place, last);
        }
        Some(value)
    }

    /// Takes out the first value whose deadline is `now` or before.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        let &Entry { slot, number, .. } = self.heap.first().filter(|first| first.deadline <= now)?;
        self.remove(Ticket { slot, number })
    }

    /// Puts an entry in the place of one that is gone, or above it where it belongs; returns whether above.
    fn rise(&mut self, from: usize, entry: Entry) -> bool {
        let mut place = from;
        while place > 0 {
            let above = (place - 1) / CHILDREN;
            match self.heap.get(above) {
                Some(&parent) if entry.is_before(&parent) => self.put(place, parent),
                _ => break,
            }
            place = above;
        }
        self.put(place, entry);
        place != from
    }

    /// As `rise`, but below.
    fn sink(&mut self, mut place: usize, entry: Entry) {
        loop {
            let children = self.heap.get(place * CHILDREN + 1..).unwrap_or_default().iter().take(CHILDREN);
            let mut first = (place, entry);
            for (index, child) in children.enumerate() {
                if child.is_before(&first.1) {
                    first = (place * CHILDREN + 1 + index, *child);
                }
            }
            self.put(place, first.1);
            if first.0 == place {
                return;
            }
            place = first.0;
        }
    }

    fn put(&mut self, place: usize, entry: Entry) {
        if let (Some(there), Some(slot)) = (self.heap.get_mut(place), self.slots.get_mut(entry.slot)) {
            *there = entry;
            slot.place = place;
        }
    }
}

impl Entry {
    fn is_before(&self, other: &Self) -> bool {
        (self.deadline, self.number) < (other.deadline, other.number)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Remove(usize),
        Change(usize),
        Fire(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            // Few deadlines, so that many are the same, and many, so that the heap is deep.
            4 => (0..8_u64).prop_map(Step::Insert),
            4 => (0..1000_u64).prop_map(Step::Insert),
            4 => any::<usize>().prop_map(Step::Remove),
            1 => any::<usize>().prop_map(Step::Change),
            1 => (0..500_u64).prop_map(Step::Fire),
        ]
    }

    proptest! {
        #[test]
        fn it_is_as_a_sorted_map(steps in proptest::collection::vec(step(), 0..400)) {
            let (mut queue, mut map) = (Queue::default(), BTreeMap::new());
            let (mut tickets, mut most) = (Vec::new(), 0);
            for (index, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(deadline) => {
                        let deadline = Instant::from_nanos(deadline);
                        tickets.push((queue.insert(deadline, index), (deadline, index)));
                        map.insert((deadline, index), index);
                    }
                    // Those taken before are tried as well: they must not hit who came after them.
                    Step::Remove(which) if !tickets.is_empty() => {
                        let (ticket, key) = tickets[which % tickets.len()];
                        prop_assert_eq!(queue.remove(ticket), map.remove(&key));
                    }
                    Step::Change(which) if !tickets.is_empty() => {
                        let (ticket, key) = tickets[which % tickets.len()];
                        let (ours, theirs) = (queue.get_mut(ticket), map.get_mut(&key));
                        prop_assert_eq!(&ours, &theirs);
                        ours.into_iter().chain(theirs).for_each(|value| *value += 1_000_000);
                    }
                    Step::Fire(now) => {
                        let now = Instant::from_nanos(now);
                        while let Some(first) = map.first_entry().filter(|first| first.key().0 <= now) {
                            prop_assert_eq!(queue.take_due(now), Some(first.remove()));
                        }
                        prop_assert_eq!(queue.take_due(now), None);
                    }
                    Step::Remove(_) | Step::Change(_) => {}
                }
                prop_assert_eq!(queue.next(), map.keys().next().map(|key| key.0));
                prop_assert_eq!(queue.slots.iter().filter(|slot| slot.value.is_some()).count(), map.len());
                most = most.max(map.len());
                prop_assert_eq!(queue.slots.len(), most, "a slot that is empty is filled before there is a new one");
            }
            // What is left comes in order.
            for (_, value) in map {
                prop_assert_eq!(queue.take_due(Instant::from_nanos(u64::MAX)), Some(value));
            }
            prop_assert_eq!(queue.next(), None);
        }
    }
}
