//! When connections want to be looked at next: a wheel of wheels.

use alloc::vec::Vec;

use mirage::time::Instant;

/// Nowhere, no one.
const NONE: u32 = u32::MAX;
/// Wants nothing.
const NEVER: Instant = Instant::from_nanos(u64::MAX);
/// A bucket of the finest wheel is 2²⁰ ns, about a millisecond; each coarser wheel turns once for a bucket of the next.
const UNIT: u32 = 20;
/// A wheel has 2⁶ buckets.
const DIGIT: u32 = 6;
const BUCKETS: usize = 1 << DIGIT;
/// As many wheels as hold every moment there is.
const WHEELS: usize = 8;
/// From here on, a slot's `home` is a position in the heap.
const HEAP: u32 = (WHEELS * BUCKETS) as u32;

/// Deadlines, one a connection. Those of the millisecond under way stand in a heap, later ones in buckets that are
/// looked at when their time has come, so that setting one costs the same however many there are. A deadline that moves
/// to later leaves the connection where it stands: when that comes up, it is put where it belongs by then. So the
/// retransmission timer, which every acknowledgement moves, costs next to nothing. One that is given up is taken out at
/// once: its neighbours are those that were set together with it, so that caches still hold them, and whose turn will
/// most often be together with it; a moment later all of that would have to come from memory again.
pub struct Timers {
    /// By the connection's place in the table of connections.
    slots: Vec<Slot>,
    /// The first of each bucket.
    firsts: [u32; WHEELS * BUCKETS],
    /// Which buckets of a wheel have any. None of them has begun.
    occupied: [u64; WHEELS],
    /// Up to when buckets were looked at.
    passed: u64,
    heap: Vec<(Instant, u32)>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// When the connection wants to be looked at.
    wanted: Instant,
    /// Its neighbours in its bucket.
    before: u32,
    after: u32,
    /// Its bucket, or where in the heap it stands.
    home: u32,
}

impl Default for Timers {
    fn default() -> Self {
        Self { slots: Vec::new(), firsts: [NONE; WHEELS * BUCKETS], occupied: [0; WHEELS], passed: 0, heap: Vec::new() }
    }
}

impl Timers {
    /// Has the connection at `place` looked at no earlier than `at`, or not at all.
    pub fn set(&mut self, place: u32, at: Option<Instant>) {
        let index = place as usize;
        if self.slots.len() <= index {
            self.slots.resize(index + 1, Slot { wanted: NEVER, before: NONE, after: NONE, home: NONE });
        }
        let slot = &mut self.slots[index];
        let wanted = at.unwrap_or(NEVER);
        if core::mem::replace(&mut slot.wanted, wanted) == wanted {
            return;
        }
        let home = slot.home;
        let Some(at) = at else { return self.leave(place, home) };
        match home {
            NONE => self.insert(place, at),
            HEAP.. => {
                let position = (home - HEAP) as usize;
                if at < self.heap[position].0 {
                    self.heap[position].0 = at;
                    self.up(position);
                }
            }
            bucket if at < self.start(bucket) => {
                self.unlink(place);
                self.insert(place, at);
            }
            _ => {}
        }
    }

    /// Forgets the connection at `place`.
    pub fn cancel(&mut self, place: u32) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        slot.wanted = NEVER;
        let home = slot.home;
        self.leave(place, home);
    }

    /// Something of what [`set`](Self::set) needs: whoever asks has it fetched from memory.
    pub fn glance(&self, place: u32) -> u32 {
        self.slots.get(place as usize).map_or(NONE, |slot| slot.home)
    }

    fn leave(&mut self, place: u32, home: u32) {
        match home {
            NONE => {}
            HEAP.. => self.take((home - HEAP) as usize),
            _ => self.unlink(place),
        }
    }

    /// The earliest moment at which [`due`](Self::due) may have something to do.
    pub fn next(&self) -> Option<Instant> {
        let first = self.heap.first().map(|&(at, _)| at);
        first.or_else(|| self.bucket().map(|bucket| self.start(bucket)))
    }

    /// Takes out a connection whose deadline has come.
    pub fn due(&mut self, now: Instant) -> Option<u32> {
        loop {
            if let Some(&(at, place)) = self.heap.first() {
                if at > now {
                    return None;
                }
                self.take(0);
                let slot = &mut self.slots[place as usize];
                let wanted = slot.wanted;
                if wanted <= now {
                    slot.wanted = NEVER;
                    return Some(place);
                }
                self.insert(place, wanted);
            } else if let Some(bucket) = self.bucket().filter(|&bucket| self.start(bucket) <= now) {
                self.passed = self.start(bucket).as_nanos();
                self.empty(bucket);
            } else {
                self.passed = self.passed.max(now.as_nanos());
                return None;
            }
        }
    }

    /// The first bucket that has any: what a finer wheel has comes before what a coarser one has.
    fn bucket(&self) -> Option<u32> {
        let wheel = self.occupied.iter().position(|&occupied| occupied != 0)?;
        Some(wheel as u32 * BUCKETS as u32 + self.occupied[wheel].trailing_zeros())
    }

    /// When a bucket that has any begins: its wheel's digit is the bucket's number, the finer ones are zero, and the
    /// coarser ones what they are now.
    fn start(&self, bucket: u32) -> Instant {
        let (wheel, number) = (bucket / BUCKETS as u32, u64::from(bucket % BUCKETS as u32));
        let shift = UNIT + DIGIT * wheel;
        let coarser = self.passed.checked_shr(shift + DIGIT).unwrap_or(0);
        Instant::from_nanos(coarser.checked_shl(shift + DIGIT).unwrap_or(0) | number << shift)
    }

    /// Puts a connection that is nowhere where it will come up by `at`.
    fn insert(&mut self, place: u32, at: Instant) {
        if at == NEVER {
            return;
        }
        let unit = at.as_nanos() >> UNIT;
        let changed = unit ^ self.passed >> UNIT;
        if changed == 0 || at.as_nanos() < self.passed {
            self.heap.push((at, place));
            return self.up(self.heap.len() - 1);
        }
        let wheel = changed.ilog2() / DIGIT;
        let number = (unit >> (DIGIT * wheel)) as u32 % BUCKETS as u32;
        let bucket = wheel * BUCKETS as u32 + number;
        let first = core::mem::replace(&mut self.firsts[bucket as usize], place);
        self.occupied[wheel as usize] |= 1 << number;
        if let Some(first) = self.slots.get_mut(first as usize) {
            first.before = place;
        }
        let slot = &mut self.slots[place as usize];
        (slot.before, slot.after, slot.home) = (NONE, first, bucket);
    }

    /// Takes a connection out of its bucket.
    fn unlink(&mut self, place: u32) {
        let slot = &mut self.slots[place as usize];
        let Slot { before, after, home, .. } = *slot;
        slot.home = NONE;
        match self.slots.get_mut(before as usize) {
            Some(before) => before.after = after,
            None => self.firsts[home as usize] = after,
        }
        if let Some(after) = self.slots.get_mut(after as usize) {
            after.before = before;
        }
        if before == NONE && after == NONE {
            self.occupied[home as usize / BUCKETS] &= !(1 << (home % BUCKETS as u32));
        }
    }

    /// Puts all of a bucket where they belong now that it has begun.
    fn empty(&mut self, bucket: u32) {
        self.occupied[bucket as usize / BUCKETS] &= !(1 << (bucket % BUCKETS as u32));
        let mut place = core::mem::replace(&mut self.firsts[bucket as usize], NONE);
        while let Some(slot) = self.slots.get_mut(place as usize) {
            let (wanted, after) = (slot.wanted, slot.after);
            slot.home = NONE;
            self.insert(place, wanted);
            place = after;
        }
    }

    fn take(&mut self, position: usize) {
        let (_, place) = self.heap.swap_remove(position);
        self.slots[place as usize].home = NONE;
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
        self.slots[place as usize].home = HEAP + position as u32;
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
        fn comes_out_in_order_whatever_went_in(steps in prop::collection::vec((0u32..20, 0u64..100, 0u8..5, 0u32..55), 0..200)) {
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            let mut now = 0;
            for (place, when, step, scale) in steps {
                let when = when << scale;
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
                        now += when >> 4;
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
