//! What a driver knows of its descriptors. The table itself is the device's to read, and the monitor's to write: it is
//! never read back.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// A descriptor as its driver knows it.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The one after it: among those that are free, or in its chain.
    next: u16,
    /// How many a chain that begins here has; 0: none that the device has begins here.
    count: u16,
    /// What its driver calls it.
    tag: u16,
    /// How many bytes the device may write into it.
    room: u32,
}

/// The descriptors of a queue.
pub struct Shadow {
    slots: Box<[Slot]>,
    /// The first that is free, if any is.
    first: u16,
    free: u16,
    /// How many chains the device has.
    given: u16,
}

impl Shadow {
    /// `size` of them, all free. `None` when there is no memory.
    pub fn new(size: u16) -> Option<Self> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(usize::from(size)).ok()?;
        slots.extend((0..size).map(|slot| Slot { next: slot.wrapping_add(1), ..Slot::default() }));
        Some(Self { slots: slots.into_boxed_slice(), first: 0, free: size, given: 0 })
    }

    /// How many are free.
    pub fn free(&self) -> u16 {
        self.free
    }

    /// How many chains the device has.
    pub fn given(&self) -> u16 {
        self.given
    }

    /// The descriptor at which the next chain begins.
    pub fn head(&self) -> u16 {
        self.first
    }

    /// The one that comes after it in that chain.
    pub fn after(&self, slot: u16) -> u16 {
        self.slots.get(usize::from(slot)).map_or(0, |slot| slot.next)
    }

    /// The device is given a chain of the next `count`.
    pub fn give(&mut self, count: u16, tag: u16, room: u32) {
        let head = self.first;
        for _ in 0..count {
            self.first = self.after(self.first);
        }
        self.free = self.free.saturating_sub(count);
        self.given += 1;
        if let Some(slot) = self.slots.get_mut(usize::from(head)) {
            *slot = Slot { count, tag, room, ..*slot };
        }
    }

    /// The room of the chain that begins at `id`. `None` where none does that the device has.
    pub fn room(&self, id: u32) -> Option<u32> {
        let slot = self.slots.get(usize::try_from(id).ok()?)?;
        (slot.count != 0).then_some(slot.room)
    }

    /// The chain that begins at `id` is free again; what its driver calls it. `None` where none begins that the device
    /// has.
    pub fn take(&mut self, id: u32) -> Option<u16> {
        let head = u16::try_from(id).ok()?;
        let slot = self.slots.get_mut(usize::from(head)).filter(|slot| slot.count != 0)?;
        let (count, tag) = (core::mem::take(&mut slot.count), slot.tag);
        let mut last = head;
        for _ in 1..count {
            last = self.after(last);
        }
        let first = core::mem::replace(&mut self.first, head);
        if let Some(last) = self.slots.get_mut(usize::from(last)) {
            last.next = first;
        }
        self.free += count;
        self.given -= 1;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_come_back_in_any_order_and_once() {
        let mut shadow = Shadow::new(8).expect("memory");
        let heads = [1_u16, 3, 2].map(|count| {
            let head = shadow.head();
            shadow.give(count, count * 10, u32::from(count));
            u32::from(head)
        });
        assert_eq!((shadow.free(), shadow.given()), (2, 3));
        assert_eq!(shadow.room(heads[1]), Some(3));
        assert_eq!(shadow.take(heads[1]), Some(30));
        assert_eq!(shadow.take(heads[1]), None, "it was given back");
        assert_eq!(shadow.take(heads[1] + 1), None, "it is the middle of a chain");
        assert_eq!(shadow.take(u32::from(u16::MAX) + 1), None);
        assert_eq!([shadow.take(heads[2]), shadow.take(heads[0])], [Some(20), Some(10)]);
        assert_eq!((shadow.free(), shadow.given()), (8, 0));
        // All are there, each once.
        let mut seen = [false; 8];
        let mut slot = shadow.head();
        for _ in 0..8 {
            assert!(!core::mem::replace(&mut seen[usize::from(slot)], true), "{slot}");
            slot = shadow.after(slot);
        }
    }
}
