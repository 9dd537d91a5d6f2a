//! A device: its registers, and its end of the queues.

use std::cell::RefCell;
use std::rc::Rc;

use super::machine::{Fake, Raised};
use super::registers::{Queue, State, Wired};

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
            script: Vec::new(),
            position: 0,
            is_odd: false,
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

    /// What is read of its registers is what a script says.
    pub fn follow(&self, script: &[u8]) {
        let mut state = self.0.borrow_mut();
        (state.script, state.is_odd) = (script.to_vec(), true);
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
        self.0.borrow_mut().read(at, size)
    }

    pub fn write(&self, machine: &Fake, at: u64, size: usize, value: u32) {
        self.0.borrow_mut().write(machine, at, size, value);
    }
}
