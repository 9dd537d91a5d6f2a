//! The queue: buffers given, buffers taken back, and when each side is to tell the other.
//!
//! x86 keeps stores in order and loads in order, so that release and acquire cost nothing. What it does not keep is a
//! load behind a store to elsewhere: after telling the device something, and before looking whether it has told us
//! something, there is a fence. There are two such places ([`Queue::flush`], [`Queue::listen`]).

use core::sync::atomic::{Ordering, fence};

use super::super::error::Problem;
use super::super::memory::Memory;
use super::layout::{DESCRIPTOR, Layout, USED};
use super::shadow::Shadow;

// A descriptor's flags.
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// The device need not be told (its flag), or the driver (its flag).
const QUIET: u16 = 1;

// Where in a ring what is; at its end, in place of one more entry, is the event the other side waits for.
const INDEX: usize = 2;
const ENTRIES: usize = 4;

/// A part of a buffer, as the device sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub address: u64,
    /// How many bytes it has.
    pub length: u32,
}

/// A buffer that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// What it was called when it was given.
    pub tag: u16,
    /// How many bytes the device wrote: no more than there was room for.
    pub written: u32,
}

/// A queue.
pub struct Queue {
    name: &'static str,
    index: u16,
    layout: Layout,
    memory: Memory,
    shadow: Shadow,
    /// Whether each side says after which buffer it wants to be told, rather than whether.
    events: bool,
    /// How many buffers were ever given, modulo 2¹⁶; how many when the device was told last.
    given: u16,
    told: u16,
    /// How many ever came back, and how many the device was last seen to have used.
    taken: u16,
    seen: u16,
    /// After how many we are told (with events), or 0 that we are (without).
    awaited: Option<u16>,
}

impl Queue {
    /// A queue in `memory`, which is all zeros and has the length that `layout` says. `None` when there is no memory
    /// for what the driver has to know.
    pub fn new(name: &'static str, index: u16, layout: Layout, memory: Memory, events: bool) -> Option<Self> {
        let shadow = Shadow::new(layout.size)?;
        let awaited = None;
        let queue = Self { name, index, layout, memory, shadow, events, given: 0, told: 0, taken: 0, seen: 0, awaited };
        queue.quieten();
        Some(queue)
    }

    /// What goes through it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Which of its device's queues it is.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// How many descriptors it has.
    pub fn size(&self) -> u16 {
        self.layout.size
    }

    /// Where the device finds the descriptors, the available ring and the used ring.
    pub fn addresses(&self) -> [u64; 3] {
        let start = self.memory.address();
        [0, self.layout.available, self.layout.used].map(|offset| start.wrapping_add(offset as u64))
    }

    /// How many buffers of one part can be given.
    pub fn free(&self) -> u16 {
        self.shadow.free()
    }

    /// How many buffers the device has.
    pub fn outstanding(&self) -> u16 {
        self.shadow.given()
    }

    /// How many buffers the device had left to use when it was looked last.
    pub fn left(&self) -> u16 {
        self.shadow.given().saturating_sub(self.seen.wrapping_sub(self.taken))
    }

    /// Gives the device a buffer: parts to read, then parts to write; `tag` is what it is called when it comes back.
    /// False when there is no room, or there are no parts. The device may have it at once; it need not look before it
    /// is told ([`flush`](Self::flush)).
    pub fn give(&mut self, read: &[Span], write: &[Span], tag: u16) -> bool {
        let count = read.len() + write.len();
        let indirect = count > 1 && count <= usize::from(self.layout.indirect);
        let needed = if indirect { 1 } else { count };
        if needed == 0 || needed > usize::from(self.shadow.free()) {
            return false;
        }
        let head = self.shadow.head();
        let parts = read.iter().map(|part| (part, 0)).chain(write.iter().map(|part| (part, WRITE)));
        if indirect {
            let table = self.layout.tables + usize::from(head) * usize::from(self.layout.indirect) * DESCRIPTOR;
            for (at, (part, flags)) in parts.enumerate() {
                let (flags, next) = if at + 1 < count { (flags | NEXT, at as u16 + 1) } else { (flags, 0) };
                self.describe(table + at * DESCRIPTOR, *part, flags, next);
            }
            let address = self.memory.address().wrapping_add(table as u64);
            let table = Span { address, length: (count * DESCRIPTOR) as u32 };
            self.describe(usize::from(head) * DESCRIPTOR, table, INDIRECT, 0);
        } else {
            let mut slot = head;
            for (at, (part, flags)) in parts.enumerate() {
                let next = self.shadow.after(slot);
                let (flags, following) = if at + 1 < count { (flags | NEXT, next) } else { (flags, 0) };
                self.describe(usize::from(slot) * DESCRIPTOR, *part, flags, following);
                slot = next;
            }
        }
        let room = write.iter().fold(0_u32, |room, part| room.saturating_add(part.length));
        self.shadow.give(needed as u16, tag, room);
        let entry = usize::from(self.given & (self.layout.size - 1));
        self.memory.store16(self.layout.available + ENTRIES + 2 * entry, head);
        self.given = self.given.wrapping_add(1);
        // Behind all of the above: a release.
        self.memory.store16(self.layout.available + INDEX, self.given);
        true
    }

    fn describe(&self, offset: usize, part: Span, flags: u16, next: u16) {
        self.memory.store64(offset, part.address);
        let rest = u64::from(part.length) | u64::from(flags) << 32 | u64::from(next) << 48;
        self.memory.store64(offset + 8, rest);
    }

    /// Whether the device is to be told of what it was given since the last call.
    pub fn flush(&mut self) -> bool {
        let (old, new) = (core::mem::replace(&mut self.told, self.given), self.given);
        if old == new {
            return false;
        }
        // What was given is there before it is looked whether the device waits for it.
        fence(Ordering::SeqCst);
        if self.events {
            let event = self.memory.load16(self.layout.used + ENTRIES + USED * usize::from(self.layout.size));
            new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
        } else {
            self.memory.load16(self.layout.used) & QUIET == 0
        }
    }

    /// Whether [`take`](Self::take) is worth calling.
    pub fn is_ready(&self) -> bool {
        self.seen != self.taken || self.memory.load16(self.layout.used + INDEX) != self.taken
    }

    /// Takes back the buffer the device used first, if it has used any.
    ///
    /// # Errors
    /// When the device says what cannot be. The queue is of no use from then on.
    pub fn take(&mut self) -> Result<Option<Used>, Problem> {
        let queue = self.name;
        if self.seen == self.taken {
            // An acquire: what the device wrote before is read after.
            let seen = self.memory.load16(self.layout.used + INDEX);
            let (used, given) = (seen.wrapping_sub(self.taken), self.shadow.given());
            if used > given {
                return Err(Problem::Jump { queue, used, given });
            }
            self.seen = seen;
            if used == 0 {
                return Ok(None);
            }
        }
        let entry = usize::from(self.taken & (self.layout.size - 1));
        let entry = self.layout.used + ENTRIES + USED * entry;
        let (id, written) = (self.memory.load32(entry), self.memory.load32(entry + 4));
        let Some(most) = self.shadow.room(id) else { return Err(Problem::NotGiven { queue, id }) };
        if written > most {
            return Err(Problem::Length { queue, written, least: 0, most });
        }
        let Some(tag) = self.shadow.take(id) else { return Err(Problem::NotGiven { queue, id }) };
        self.taken = self.taken.wrapping_add(1);
        Ok(Some(Used { tag, written }))
    }

    /// Has the device tell us when it has used `after` more than one; true when it has done so already, in which case
    /// it may not tell us.
    pub fn listen(&mut self, after: u16) -> bool {
        let wanted = if self.events { self.taken.wrapping_add(after) } else { 0 };
        if self.awaited != Some(wanted) {
            self.awaited = Some(wanted);
            if self.events {
                self.memory.store16(self.layout.available + ENTRIES + 2 * usize::from(self.layout.size), wanted);
            } else {
                self.memory.store16(self.layout.available, 0);
            }
            // The device sees that we wait before we look whether it has used any: else both could wait.
            fence(Ordering::SeqCst);
        }
        self.memory.load16(self.layout.used + INDEX).wrapping_sub(self.taken) > after
    }

    /// The device need not tell us anything.
    pub fn ignore(&mut self) {
        // An event that is behind is never reached, or once in 2¹⁶ buffers.
        if self.awaited.is_some() && !self.events {
            self.awaited = None;
            self.quieten();
        }
    }

    fn quieten(&self) {
        if self.events {
            self.memory.store16(self.layout.available + ENTRIES + 2 * usize::from(self.layout.size), u16::MAX);
        } else {
            self.memory.store16(self.layout.available, QUIET);
        }
    }
}
