//! Receiving: buffers that the device fills, handed on and given to it again.
//!
//! They are given in the order of their places, and come back in the order they were given: so that a frame over several
//! of them mostly is one piece of memory already. Where it is not, it is put together elsewhere.

use alloc::vec::Vec;

use mirage::Received;
use mirage_vnet as vnet;

use super::super::Device;
use super::super::error::{Error, Problem};
use super::super::machine::{Machine, PAGE};
use super::super::memory::Memory;
use super::super::queue::{Queue, Span};
use super::FRAME_MOST;

/// The buffers there are in one step of growth, in bytes: two frames of 64 KiB, nearly.
const STEP: usize = 128 * 1024;

/// The length of a buffer, in bytes: a frame of the usual length and its header.
const BUFFER: usize = 2048;

/// How many steps there may be.
const STEPS: usize = 4;

/// The most descriptors of the queue.
const QUEUE: u16 = 256;

/// What is before a frame's payload: a header of Ethernet with two tags.
const HEADERS: usize = 22;

/// A part of a frame: a buffer, and how much of it.
#[derive(Clone, Copy)]
struct Piece {
    buffer: u16,
    length: usize,
}

/// The receiving side of an interface.
pub struct Receive<M> {
    machine: M,
    queue: Queue,
    steps: Vec<Memory>,
    /// The length of a buffer: two to the power of `bits`.
    length: usize,
    bits: u32,
    /// Whether a frame may be in more than one buffer.
    mergeable: bool,
    /// Of a frame that has begun, what is there, and how many pieces are not.
    pieces: Vec<Piece>,
    missing: u16,
    /// A frame that was put together.
    whole: Vec<u8>,
    /// How many buffers the longest frame takes, and whether the device was found to have fewer left.
    enough: usize,
    dry: bool,
}

impl<M: Machine> Receive<M> {
    /// Sets the queue up and fills it, for frames of up to `mtu` bytes of payload.
    pub fn new(machine: &M, device: &mut Device<M>, mergeable: bool, mtu: usize) -> Result<Self, Error> {
        let queue = device.queue(machine, (0, "receive"), (QUEUE, 0))?;
        // However few buffers there can be, together they hold a frame of 64 KiB if one can be in more than one.
        let least = if mergeable { STEP >> queue.size().trailing_zeros() } else { vnet::LENGTH + HEADERS + mtu };
        let length = least.clamp(BUFFER, STEP).next_power_of_two();
        let bits = length.trailing_zeros();
        let enough = if mergeable { (vnet::LENGTH + FRAME_MOST).div_ceil(length) } else { 1 };
        let (machine, steps, pieces, whole) = (machine.clone(), Vec::new(), Vec::new(), Vec::new());
        let mut receive =
            Self { machine, queue, steps, length, bits, mergeable, pieces, missing: 0, whole, enough, dry: false };
        let memory = receive.machine.dma(STEP / PAGE);
        if memory.is_none_or(|memory| !receive.grow(memory)) {
            return Err(device.fail(Problem::NoMemory));
        }
        Ok(receive)
    }

    /// How many buffers one step has.
    fn in_step(&self) -> usize {
        STEP >> self.bits
    }

    /// How many buffers there are.
    fn count(&self) -> usize {
        self.steps.len() * self.in_step().min(usize::from(self.queue.size()))
    }

    /// Gives the device more buffers; false when there is no memory to keep track of them.
    fn grow(&mut self, memory: Memory) -> bool {
        let first = self.steps.len() * self.in_step();
        if memory.length() < STEP
            || self.steps.try_reserve(1).is_err()
            || self.pieces.try_reserve(first + self.in_step()).is_err()
        {
            return false;
        }
        self.steps.push(memory);
        for buffer in first..first + self.in_step() {
            self.give(buffer as u16);
        }
        true
    }

    /// Where a buffer is: in which step, and where in it.
    fn place(&self, buffer: u16) -> (usize, usize) {
        let at = usize::from(buffer) << self.bits;
        (at / STEP, at % STEP)
    }

    fn give(&mut self, buffer: u16) {
        let (step, offset) = self.place(buffer);
        if let Some(memory) = self.steps.get(step) {
            let span = Span { address: memory.address().wrapping_add(offset as u64), length: self.length as u32 };
            self.queue.give(&[], &[span], buffer);
        }
    }

    fn bytes(&mut self, buffer: u16, at: usize, length: usize) -> Option<&mut [u8]> {
        let (step, offset) = self.place(buffer);
        self.steps.get_mut(step)?.bytes(offset + at, length)
    }

    /// The queue, to tell the device of.
    pub fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Hands on at most `most` frames; returns how many there were.
    pub fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Problem> {
        self.queue.ignore();
        let mut count = 0;
        while count < most {
            let Some(used) = self.queue.take()? else { break };
            self.dry |= usize::from(self.queue.left()) < self.enough;
            if self.pieces.is_empty() {
                self.missing = self.begin(used.tag, used.written)?;
            }
            self.missing -= 1;
            self.pieces.push(Piece { buffer: used.tag, length: used.written as usize });
            if self.missing == 0 {
                self.deliver(deliver)?;
                count += 1;
            }
        }
        if core::mem::take(&mut self.dry) && count > 0 {
            self.refill();
        }
        Ok(count)
    }

    /// Takes another step, if there is room and memory for it.
    fn refill(&mut self) {
        if self.steps.len() < STEPS
            && usize::from(self.queue.free()) >= self.in_step()
            && let Some(memory) = self.machine.spare(STEP / PAGE)
        {
            self.grow(memory);
        }
    }

    /// A frame begins in a buffer: how many pieces it has.
    fn begin(&mut self, buffer: u16, written: u32) -> Result<u16, Problem> {
        let short = Problem::Length { queue: "receive", written, least: vnet::LENGTH as u32, most: self.length as u32 };
        if (written as usize) < vnet::LENGTH {
            return Err(short);
        }
        let header = self.bytes(buffer, 0, vnet::LENGTH).and_then(|bytes| bytes.first_chunk().copied()).ok_or(short)?;
        let pieces = if self.mergeable { vnet::buffers(&header) } else { 1 };
        let most = self.count();
        if pieces == 0 || usize::from(pieces) > most {
            return Err(Problem::Pieces { pieces, most: most as u16 });
        }
        Ok(pieces)
    }

    /// Hands on the frame whose pieces are all there, and gives its buffers to the device again.
    fn deliver(&mut self, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<(), Problem> {
        let Some(first) = self.pieces.first().copied() else { return Ok(()) };
        let total: usize = self.pieces.iter().map(|piece| piece.length).sum();
        let Some(length) = total.checked_sub(vnet::LENGTH).filter(|&length| length <= FRAME_MOST) else {
            let most = (vnet::LENGTH + FRAME_MOST) as u32;
            return Err(Problem::Length { queue: "receive", written: total as u32, least: 0, most });
        };
        let header = self.bytes(first.buffer, 0, vnet::LENGTH).and_then(|bytes| bytes.first_chunk().copied());
        let received = vnet::decode(&header.unwrap_or_default());
        if self.is_whole() {
            if let Some(frame) = self.bytes(first.buffer, vnet::LENGTH, length) {
                deliver(frame, received);
            }
        } else if self.put_together(total)
            && let Some(frame) = self.whole.get_mut(vnet::LENGTH..)
        {
            deliver(frame, received);
        }
        // What there is no memory for is lost, as on any link.
        for at in 0..self.pieces.len() {
            if let Some(piece) = self.pieces.get(at) {
                self.give(piece.buffer);
            }
        }
        self.pieces.clear();
        Ok(())
    }

    /// Whether the pieces follow each other in memory.
    fn is_whole(&self) -> bool {
        self.pieces.windows(2).all(|pair| match pair {
            [before, after] => {
                let is_next = before.buffer.wrapping_add(1) == after.buffer;
                is_next && before.length == self.length && self.place(before.buffer).0 == self.place(after.buffer).0
            }
            _ => true,
        })
    }

    /// Copies the pieces behind each other; false when there is no memory.
    fn put_together(&mut self, total: usize) -> bool {
        let mut whole = core::mem::take(&mut self.whole);
        whole.clear();
        let is_room = whole.try_reserve_exact(total).is_ok();
        if is_room {
            for at in 0..self.pieces.len() {
                if let Some(&Piece { buffer, length }) = self.pieces.get(at)
                    && let Some(bytes) = self.bytes(buffer, 0, length)
                {
                    whole.extend_from_slice(bytes);
                }
            }
        }
        self.whole = whole;
        is_room
    }
}
