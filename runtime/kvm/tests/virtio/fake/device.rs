//! A device: its registers, and its end of the queues.

use std::cell::RefCell;
use std::rc::Rc;

use super::machine::{Fake, Raised};
use super::pci;

/// Features that matter to every device.
pub const INDIRECT: u64 = 1 << 28;
pub const EVENTS: u64 = 1 << 29;
pub const VERSION_1: u64 = 1 << 32;

/// A device. Clones are the same.
#[derive(Clone)]
pub struct Device(Rc<RefCell<State>>);

/// A buffer that the device has.
#[derive(Clone, Debug)]
pub struct Chain {
    pub head: u16,
    /// Parts to read, and parts to write: where, and how many bytes.
    pub read: Vec<(u64, u32)>,
    pub write: Vec<(u64, u32)>,
}

struct State {
    kind: u32,
    version: u32,
    offered: u64,
    accepted: u64,
    select: [u32; 2],
    status: u8,
    /// Whether it was reset by a driver that gave it up.
    given_up: bool,
    refuses_features: bool,
    resets: bool,
    queues: Vec<Queue>,
    queue: usize,
    config: Vec<u8>,
    generation: u32,
    unsteady: bool,
    isr: u32,
    /// How often it was told of a queue.
    kicks: Vec<u16>,
    wired: Wired,
    configuration_vector: u16,
    table: Vec<[u32; 4]>,
}

#[derive(Clone)]
enum Wired {
    Not,
    Line(Raised),
    Messages(Fake, u8),
}

#[derive(Clone, Default)]
struct Queue {
    most: u16,
    size: u16,
    vector: u16,
    is_ready: bool,
    addresses: [u64; 3],
    /// How many buffers it has taken, and used.
    taken: u16,
    used: u16,
}

impl Device {
    pub fn new(kind: u32, features: u64, queues: &[u16], config: &[u8]) -> Self {
        let queues = queues.iter().map(|&most| Queue { most, vector: 0xffff, ..Queue::default() }).collect();
        Self(Rc::new(RefCell::new(State {
            kind,
            version: 2,
            offered: features,
            accepted: 0,
            select: [0; 2],
            status: 0,
            given_up: false,
            refuses_features: false,
            resets: true,
            queues,
            queue: 0,
            config: config.to_vec(),
            generation: 0,
            unsteady: false,
            isr: 0,
            kicks: Vec::new(),
            wired: Wired::Not,
            configuration_vector: 0xffff,
            table: vec![[0, 0, 0, 1]; 3],
        })))
    }

    /// Whether both are the same.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub fn wire_line(&self, line: Raised) {
        self.0.borrow_mut().wired = Wired::Line(line);
    }

    pub fn wire_messages(&self, machine: Fake, line: u8) {
        self.0.borrow_mut().wired = Wired::Messages(machine, line);
    }

    /// It is of before virtio 1.0.
    pub fn make_old(&self) {
        self.0.borrow_mut().version = 1;
    }

    pub fn refuse_features(&self) {
        self.0.borrow_mut().refuses_features = true;
    }

    /// It has failed before, and stays so.
    pub fn never_reset(&self) {
        let mut state = self.0.borrow_mut();
        (state.resets, state.status) = (false, 64);
    }

    pub fn never_hold_still(&self) {
        self.0.borrow_mut().unsteady = true;
    }

    /// Whether a driver works with it; and whether one has given it up.
    pub fn is_running(&self) -> bool {
        self.0.borrow().status & 4 != 0
    }

    pub fn is_given_up(&self) -> bool {
        let state = self.0.borrow();
        state.given_up && state.status == 0
    }

    pub fn has(&self, features: u64) -> bool {
        self.0.borrow().accepted & features == features
    }

    /// The queues it was told of since the last call.
    pub fn kicks(&self) -> Vec<u16> {
        std::mem::take(&mut self.0.borrow_mut().kicks)
    }

    /// Where a queue's descriptors, available ring and used ring are, and how many descriptors there are.
    pub fn queue(&self, queue: u16) -> ([u64; 3], u16) {
        let state = self.0.borrow();
        state.queues.get(usize::from(queue)).map_or_else(Default::default, |queue| (queue.addresses, queue.size))
    }

    /// Takes the next buffer of a queue.
    pub fn pop(&self, machine: &Fake, queue: u16) -> Option<Chain> {
        let mut state = self.0.borrow_mut();
        let is_indirect = state.accepted & INDIRECT != 0;
        let Queue { size, is_ready, addresses: [table, available, _], ref mut taken, .. } =
            state.queues[usize::from(queue)];
        let ram = machine.ram();
        if !is_ready || ram.read16(available + 2) == *taken {
            return None;
        }
        assert!(ram.read16(available + 2).wrapping_sub(*taken) <= size, "more buffers than there are descriptors");
        let head = ram.read16(available + 4 + 2 * u64::from(*taken % size));
        *taken = taken.wrapping_add(1);
        let mut chain = Chain { head, read: Vec::new(), write: Vec::new() };
        let (mut table, mut count, mut at) = (table, size, head);
        let (mut is_in_table, mut step) = (false, 0);
        loop {
            assert!(at < count && step < count, "descriptor {at} of {count}");
            let address = ram.read64(table + 16 * u64::from(at));
            let rest = ram.read64(table + 16 * u64::from(at) + 8);
            let (length, flags, next) = (rest as u32, (rest >> 32) as u16, (rest >> 48) as u16);
            if flags & 4 != 0 {
                assert!(is_indirect && !is_in_table && flags == 4 && step == 0, "a table may not be here");
                assert!(length > 0 && length.is_multiple_of(16) && ram.is_shared(address, length as usize));
                (table, count, at, is_in_table) = (address, (length / 16) as u16, 0, true);
                continue;
            }
            assert!(length > 0 && ram.is_shared(address, length as usize), "{length} bytes at {address:#x}");
            if flags & 2 != 0 {
                chain.write.push((address, length));
            } else {
                assert!(chain.write.is_empty(), "what is read comes before what is written");
                chain.read.push((address, length));
            }
            if flags & 1 == 0 {
                break;
            }
            (at, step) = (next, step + 1);
        }
        Some(chain)
    }

    /// Gives buffers back, all at once, and tells the driver if it wants to be told.
    pub fn push(&self, machine: &Fake, queue: u16, buffers: &[(u16, u32)]) {
        let mut state = self.0.borrow_mut();
        let events = state.accepted & EVENTS != 0;
        let Queue { size, addresses: [_, available, used], used: ref mut count, .. } = state.queues[usize::from(queue)];
        let ram = machine.ram();
        let old = *count;
        for &(head, written) in buffers {
            let entry = u64::from(written) << 32 | u64::from(head);
            ram.write(used + 4 + 8 * u64::from(*count % size), &entry.to_le_bytes());
            *count = count.wrapping_add(1);
        }
        let new = *count;
        ram.write(used + 2, &new.to_le_bytes());
        let is_wanted = if events {
            let event = ram.read16(available + 4 + 2 * u64::from(size));
            new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
        } else {
            ram.read16(available) & 1 == 0
        };
        drop(state);
        if is_wanted {
            self.raise(Some(queue));
        }
    }

    /// Wants to be told of the next buffer.
    pub fn listen(&self, machine: &Fake, queue: u16) {
        let state = self.0.borrow();
        let Queue { size, addresses: [.., used], taken, .. } = state.queues[usize::from(queue)];
        if state.accepted & EVENTS != 0 {
            machine.ram().write(used + 4 + 8 * u64::from(size), &taken.to_le_bytes());
        } else {
            machine.ram().write(used, &[0, 0]);
        }
    }

    /// Does not want to be told.
    pub fn ignore(&self, machine: &Fake, queue: u16) {
        let state = self.0.borrow();
        let [.., used] = state.queues[usize::from(queue)].addresses;
        if state.accepted & EVENTS == 0 {
            machine.ram().write(used, &[1, 0]);
        }
    }

    /// Raises the interrupt of a queue, or of a change of the configuration.
    pub fn raise(&self, queue: Option<u16>) {
        let mut state = self.0.borrow_mut();
        let before = state.isr;
        state.isr |= if queue.is_some() { 1 } else { 2 };
        match state.wired.clone() {
            // The line rises, unless it has not fallen.
            Wired::Line(line) => {
                if before == 0 {
                    line.raise();
                }
            }
            Wired::Messages(machine, line) => {
                let vector = queue.map_or(state.configuration_vector, |queue| {
                    state.queues.get(usize::from(queue)).map_or(0xffff, |queue| queue.vector)
                });
                if !machine.has_messages(self) {
                    machine.line_of(u32::from(line)).raise();
                } else if let Some([low, high, data, 0]) = state.table.get(usize::from(vector)).copied() {
                    assert_eq!([low, high], [0xfee0_0000, 0]);
                    machine.message(data);
                }
            }
            Wired::Not => {}
        }
    }

    /// Says that it has failed.
    pub fn need_reset(&self) {
        self.0.borrow_mut().status |= 64;
        self.raise(None);
    }

    pub fn read(&self, at: u64, size: usize) -> u32 {
        let mut state = self.0.borrow_mut();
        let ones = u32::MAX >> (32 - 8 * size);
        let value = match at {
            0x00 => 0x7472_6976,
            0x04 => state.version,
            0x08 => state.kind,
            0x10 => state.offered_half(),
            0x34 => u32::from(state.current().most),
            0x44 => u32::from(state.current().is_ready),
            0x60 => state.isr,
            0x70 => u32::from(state.status),
            0xfc => state.generation(),
            0x100..pci::REGISTERS => state.config((at - 0x100) as usize, size),
            _ => match at.wrapping_sub(pci::REGISTERS) {
                0x04 => state.offered_half(),
                0x10 => u32::from(state.configuration_vector),
                0x12 => state.queues.len() as u32,
                0x14 => u32::from(state.status),
                0x15 => state.generation(),
                0x18 => u32::from(state.current().most),
                0x1a => u32::from(state.current().vector),
                0x1c => u32::from(state.current().is_ready),
                0x1e => state.queue as u32,
                pci::ISR => std::mem::take(&mut state.isr),
                at @ pci::DEVICE..pci::NOTIFY => state.config((at - pci::DEVICE) as usize, size),
                _ => u32::MAX,
            },
        };
        value & ones
    }

    pub fn write(&self, machine: &Fake, at: u64, size: usize, value: u32) {
        let mut state = self.0.borrow_mut();
        match at {
            0x14 => state.select[0] = value,
            0x20 => state.accept(value),
            0x24 => state.select[1] = value,
            0x30 => state.queue = value as usize,
            0x38 => state.set_size(value as u16),
            0x44 => state.set_ready(machine, value),
            0x50 => state.kick(value as u16),
            0x64 => state.isr &= !value,
            0x70 => state.set_status(value as u8),
            0x80..0xa8 if at.is_multiple_of(16) || at % 16 == 4 => {
                state.set_address((at as usize - 0x80) / 16, at % 16 == 4, value);
            }
            _ => match at.wrapping_sub(pci::REGISTERS) {
                0x00 => state.select[0] = value,
                0x08 => state.select[1] = value,
                0x0c => state.accept(value),
                0x10 => state.configuration_vector = value as u16,
                0x14 => state.set_status(value as u8),
                0x16 => state.queue = value as usize,
                0x18 => state.set_size(value as u16),
                0x1a => {
                    let is_entry = (value as usize) < state.table.len();
                    state.current_mut().vector = if is_entry { value as u16 } else { 0xffff };
                }
                0x1c => state.set_ready(machine, value),
                at @ 0x20..0x38 => state.set_address((at as usize - 0x20) / 8, at % 8 == 4, value),
                at @ pci::NOTIFY..pci::TABLE => {
                    assert_eq!((at - pci::NOTIFY) / u64::from(pci::MULTIPLIER), u64::from(value), "its own place");
                    state.kick(value as u16);
                }
                at @ pci::TABLE..0x5000 => {
                    let at = (at - pci::TABLE) as usize;
                    assert!(size == 4);
                    state.table[at / 16][at % 16 / 4] = value;
                }
                at => panic!("{value:#x} is written to {at:#x}"),
            },
        }
    }
}

impl State {
    fn current(&self) -> Queue {
        self.queues.get(self.queue).cloned().unwrap_or_default()
    }

    fn current_mut(&mut self) -> &mut Queue {
        let queue = self.queue;
        self.queues.get_mut(queue).expect("a queue that there is")
    }

    fn offered_half(&self) -> u32 {
        (self.offered >> (32 * self.select[0])) as u32
    }

    fn accept(&mut self, half: u32) {
        let shift = 32 * self.select[1];
        self.accepted = self.accepted & !(0xffff_ffff << shift) | u64::from(half) << shift;
    }

    fn generation(&mut self) -> u32 {
        self.generation += u32::from(self.unsteady);
        self.generation & 0xff
    }

    fn config(&self, at: usize, size: usize) -> u32 {
        let bytes = self.config.get(at..at + size).unwrap_or(&[0xff; 4][..size]);
        bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
    }

    fn set_size(&mut self, size: u16) {
        let queue = self.current_mut();
        assert!(size.is_power_of_two() && size <= queue.most, "{size}");
        queue.size = size;
    }

    fn set_address(&mut self, which: usize, is_high: bool, value: u32) {
        let address = &mut self.current_mut().addresses[which];
        let (low, high) = (*address as u32, (*address >> 32) as u32);
        let (low, high) = if is_high { (low, value) } else { (value, high) };
        *address = u64::from(high) << 32 | u64::from(low);
    }

    fn set_ready(&mut self, machine: &Fake, value: u32) {
        assert!(self.status == 11 && value == 1, "queues are set up between the features and the beginning");
        let queue = self.current_mut();
        let (size, [table, available, used]) = (u64::from(queue.size), queue.addresses);
        assert!(table.is_multiple_of(16) && available.is_multiple_of(2) && used.is_multiple_of(4));
        for (address, length) in [(table, 16 * size), (available, 6 + 2 * size), (used, 6 + 8 * size)] {
            assert!(machine.ram().is_shared(address, length as usize));
            if address != available {
                assert!(machine.ram().read(address, length as usize).iter().all(|&byte| byte == 0));
            }
        }
        queue.is_ready = true;
    }

    fn kick(&mut self, queue: u16) {
        assert!(self.status & 4 != 0, "it is told of a queue before it may begin");
        self.kicks.push(queue);
    }

    /// In the order of section 3.1.1.
    fn set_status(&mut self, status: u8) {
        if status == 0 {
            if self.status & 128 != 0 {
                self.given_up = true;
            }
            if self.resets {
                self.status = 0;
            }
            self.accepted = 0;
            for queue in &mut self.queues {
                *queue = Queue { most: queue.most, vector: 0xffff, ..Queue::default() };
            }
            return;
        }
        let is_next = match status {
            1 => self.status == 0,
            3 => self.status == 1,
            11 => self.status == 3,
            15 => self.status & !64 == 11,
            _ => status == self.status | 128,
        };
        assert!(is_next, "{status} after {}", self.status);
        if status == 11 {
            assert_eq!(self.accepted & !self.offered, 0, "features that are not offered");
            assert!(self.accepted & VERSION_1 != 0, "an old driver");
        }
        self.status = if status == 11 && self.refuses_features { 3 } else { status };
    }
}
