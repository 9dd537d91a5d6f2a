//! Sending: frames are copied behind each other into rings of bytes, from where the device reads them.
//!
//! So a frame takes no more memory than it has bytes, however it is made up, and one descriptor; or, where a ring ends,
//! one that stands for two.

use alloc::boxed::Box;
use alloc::vec::Vec;

use mirage_vnet as vnet;

use super::super::Device;
use super::super::error::{Error, Problem};
use super::super::machine::{Machine, PAGE};
use super::super::memory::Memory;
use super::super::queue::{Queue, Span};
use super::FRAME_MOST;

/// The bytes of the first ring: two segments of 64 KiB, nearly; or, where none are that long, half of it. And those of
/// the second, for which there has to be memory to spare.
const LARGE: usize = 128 * 1024;
const SMALL: usize = 64 * 1024;
const SECOND: usize = 256 * 1024;

/// The most descriptors of the queue.
const QUEUE: u16 = 256;

/// How many frames are refused until it is asked whether the device still works, which takes longer than all of them.
const REFUSALS: u32 = 64;

/// A ring of bytes.
struct Ring {
    memory: Memory,
    /// Where the next byte goes.
    head: usize,
    /// How many bytes before it the device has, or may have.
    used: usize,
}

/// A frame that the device has.
#[derive(Clone, Copy, Default)]
struct Frame {
    ring: u8,
    is_done: bool,
    length: u32,
}

/// The sending side of an interface.
pub struct Transmit<M> {
    machine: M,
    queue: Queue,
    rings: Vec<Ring>,
    /// Whether a second ring may still be had.
    may_grow: bool,
    /// The frames the device has, each at its number modulo the length: those from `oldest` up to `next`.
    frames: Box<[Frame]>,
    oldest: u16,
    next: u16,
    /// The length of a frame that was refused; and how many were since the device was done with any.
    refused: Option<usize>,
    refusals: u32,
}

impl Ring {
    fn new(memory: Memory) -> Self {
        Self { memory, head: 0, used: 0 }
    }

    fn has_room(&self, length: usize) -> bool {
        length <= self.memory.length() - self.used
    }

    /// Copies a part of a frame; there is room.
    fn put(&mut self, mut part: &[u8]) {
        while !part.is_empty() {
            let (now, rest) = part.split_at(part.len().min(self.memory.length() - self.head));
            let Some(place) = self.memory.bytes(self.head, now.len()) else { return };
            place.copy_from_slice(now);
            self.used += now.len();
            self.head += now.len();
            if self.head == self.memory.length() {
                self.head = 0;
            }
            part = rest;
        }
    }

    /// Where the last `length` bytes are.
    fn last(&self, length: usize) -> ([Span; 2], usize) {
        let start = |offset: usize| self.memory.address().wrapping_add(offset as u64);
        match self.head.checked_sub(length) {
            Some(at) => {
                let span = Span { address: start(at), length: length as u32 };
                ([span; 2], 1)
            }
            None => {
                let before = length - self.head;
                let end = self.memory.length().saturating_sub(before);
                let first = Span { address: start(end), length: before as u32 };
                let second = Span { address: start(0), length: self.head as u32 };
                // Up to the very end, and nothing from the beginning.
                ([first, second], if self.head == 0 { 1 } else { 2 })
            }
        }
    }

    /// The oldest bytes are free.
    fn free(&mut self, length: usize) {
        self.used = self.used.saturating_sub(length);
        // What is empty begins at its beginning: the same few pages for as long as there is little to send.
        if self.used == 0 {
            self.head = 0;
        }
    }
}

impl<M: Machine> Transmit<M> {
    /// Sets the queue up; `segments` are frames of up to 64 KiB.
    pub fn new(machine: &M, device: &mut Device<M>, segments: bool, mtu: usize) -> Result<Self, Error> {
        let queue = device.queue(machine, (1, "transmit"), (QUEUE, 2))?;
        let bytes = if segments || mtu > SMALL / 2 { LARGE } else { SMALL };
        let mut frames = Vec::new();
        let ring = machine.dma(bytes / PAGE).filter(|memory| memory.length() >= bytes);
        let (Some(memory), Ok(())) = (ring, frames.try_reserve_exact(usize::from(queue.size()))) else {
            return Err(device.fail(Problem::NoMemory));
        };
        frames.resize(usize::from(queue.size()), Frame::default());
        let (rings, frames) = ([Ring::new(memory)].into(), frames.into_boxed_slice());
        let machine = machine.clone();
        Ok(Self { machine, queue, rings, may_grow: true, frames, oldest: 0, next: 0, refused: None, refusals: 0 })
    }

    /// The queue, to tell the device of.
    pub fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Queues a frame; false when there is no room.
    pub fn send(&mut self, header: &[u8; vnet::LENGTH], frame: &[&[u8]]) -> Result<bool, Problem> {
        let length = frame.iter().fold(vnet::LENGTH, |length, part| length.saturating_add(part.len()));
        if length > vnet::LENGTH + FRAME_MOST || self.rings.iter().all(|ring| length > ring.memory.length()) {
            return Ok(true); // No link carries it: it is lost.
        }
        let Some(which) = self.room(length)? else {
            self.refused = Some(length);
            self.refusals = self.refusals.wrapping_add(1);
            return Ok(false);
        };
        let Some(ring) = self.rings.get_mut(which) else { return Ok(false) };
        ring.put(header);
        frame.iter().for_each(|part| ring.put(part));
        let (spans, count) = ring.last(length);
        let is_given = self.queue.give(spans.get(..count).unwrap_or_default(), &[], self.next);
        let at = self.at(self.next);
        if let Some(frame) = self.frames.get_mut(at) {
            *frame = Frame { ring: which as u8, is_done: !is_given, length: length as u32 };
        }
        self.next = self.next.wrapping_add(1);
        Ok(true)
    }

    /// Whether it is time to ask if the device still works: many frames were refused, and it is done with none.
    pub fn is_stuck(&self) -> bool {
        self.refusals != 0 && self.refusals.is_multiple_of(REFUSALS)
    }

    /// Where a frame's number is.
    fn at(&self, number: u16) -> usize {
        usize::from(number) & (self.frames.len() - 1)
    }

    /// The ring with room for a frame, and descriptors for it.
    fn room(&mut self, length: usize) -> Result<Option<usize>, Problem> {
        if let Some(ring) = self.find(length) {
            return Ok(Some(ring));
        }
        self.reclaim()?;
        if let Some(ring) = self.find(length) {
            return Ok(Some(ring));
        }
        // Not for want of descriptors.
        if self.may_grow && self.queue.free() >= 2 {
            self.may_grow = false;
            if self.rings.try_reserve(1).is_ok()
                && let Some(memory) = self.machine.spare(SECOND / PAGE)
            {
                self.rings.push(Ring::new(memory));
                return Ok(self.find(length));
            }
        }
        Ok(None)
    }

    fn find(&self, length: usize) -> Option<usize> {
        // A frame at the end of a ring may take two.
        let descriptors = if self.queue.size() > 1 { 2 } else { 1 };
        if self.queue.free() < descriptors {
            return None;
        }
        self.rings.iter().position(|ring| ring.has_room(length))
    }

    /// Takes back what the device is done with.
    pub fn reclaim(&mut self) -> Result<(), Problem> {
        while let Some(used) = self.queue.take()? {
            let at = self.at(used.tag);
            if let Some(frame) = self.frames.get_mut(at) {
                frame.is_done = true;
            }
        }
        // In the order they were sent, which mostly is the order they are done with.
        while self.oldest != self.next {
            let at = self.at(self.oldest);
            let Some(frame) = self.frames.get_mut(at).filter(|frame| frame.is_done) else { break };
            frame.is_done = false;
            let Frame { ring, length, .. } = *frame;
            if let Some(ring) = self.rings.get_mut(usize::from(ring)) {
                ring.free(length as usize);
            }
            self.oldest = self.oldest.wrapping_add(1);
            self.refusals = 0;
        }
        Ok(())
    }

    /// Whether a frame that was refused would no longer be.
    pub fn is_worth_trying(&mut self) -> Result<bool, Problem> {
        let Some(length) = self.refused else { return Ok(false) };
        self.reclaim()?;
        let is_room = self.find(length).is_some();
        if is_room {
            self.refused = None;
        }
        Ok(is_room)
    }

    /// If a frame was refused, has the device tell when there is room for more than a few; true when there may be.
    pub fn listen(&mut self) -> bool {
        self.refused.is_some() && self.queue.listen(self.queue.outstanding() / 2)
    }
}
