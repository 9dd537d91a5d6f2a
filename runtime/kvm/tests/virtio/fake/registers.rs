//! A device's registers, and what it makes of what is written to them.

use super::device::VERSION_1;
use super::machine::{Fake, Raised};
use super::pci;

pub struct State {
    pub kind: u32,
    pub version: u32,
    pub offered: u64,
    pub accepted: u64,
    pub select: [u32; 2],
    pub status: u8,
    /// Whether it was reset by a driver that gave it up.
    pub given_up: bool,
    pub refuses_features: bool,
    pub resets: bool,
    pub queues: Vec<Queue>,
    pub queue: usize,
    pub config: Vec<u8>,
    pub generation: u32,
    pub unsteady: bool,
    pub isr: u32,
    /// How often it was told of a queue.
    pub kicks: Vec<u16>,
    pub wired: Wired,
    pub configuration_vector: u16,
    pub table: Vec<[u32; 4]>,
    /// What is read in place of what there is, over and over; and how much of it has been. What a driver makes of it
    /// is then not judged.
    pub script: Vec<u8>,
    pub position: usize,
    pub is_odd: bool,
}

#[derive(Clone)]
pub enum Wired {
    Not,
    Line(Raised),
    Messages(Fake, u8),
}

#[derive(Clone, Default)]
pub struct Queue {
    pub most: u16,
    pub size: u16,
    pub vector: u16,
    pub is_ready: bool,
    pub addresses: [u64; 3],
    /// How many buffers it has taken, and used.
    pub taken: u16,
    pub used: u16,
}

impl State {
    pub fn read(&mut self, at: u64, size: usize) -> u32 {
        if !self.script.is_empty() {
            self.position += 1;
            match self.script[self.position % self.script.len()] {
                0..160 => {}
                byte @ 160..200 => return u32::from(byte) - 160,
                byte @ 200..225 => return 1 << (byte - 200),
                225..240 => return u32::MAX >> (32 - 8 * size),
                byte => return (u32::from(byte) * 0x0101_0101) >> (32 - 8 * size),
            }
        }
        let ones = u32::MAX >> (32 - 8 * size);
        let value = match at {
            0x00 => 0x7472_6976,
            0x04 => self.version,
            0x08 => self.kind,
            0x10 => self.offered_half(),
            0x34 => u32::from(self.current().most),
            0x44 => u32::from(self.current().is_ready),
            0x60 => self.isr,
            0x70 => u32::from(self.status),
            0xfc => self.generation(),
            0x100..pci::REGISTERS => self.config((at - 0x100) as usize, size),
            _ => match at.wrapping_sub(pci::REGISTERS) {
                0x04 => self.offered_half(),
                0x10 => u32::from(self.configuration_vector),
                0x12 => self.queues.len() as u32,
                0x14 => u32::from(self.status),
                0x15 => self.generation(),
                0x18 => u32::from(self.current().most),
                0x1a => u32::from(self.current().vector),
                0x1c => u32::from(self.current().is_ready),
                0x1e => self.queue as u32,
                pci::ISR => std::mem::take(&mut self.isr),
                at @ pci::DEVICE..pci::NOTIFY => self.config((at - pci::DEVICE) as usize, size),
                _ => u32::MAX,
            },
        };
        value & ones
    }

    pub fn write(&mut self, machine: &Fake, at: u64, size: usize, value: u32) {
        if self.is_odd {
            return self.write_odd(at, value);
        }
        match at {
            0x14 => self.select[0] = value,
            0x20 => self.accept(value),
            0x24 => self.select[1] = value,
            0x30 => self.queue = value as usize,
            0x38 => self.set_size(value as u16),
            0x44 => self.set_ready(machine, value),
            0x50 => self.kick(value as u16),
            0x64 => self.isr &= !value,
            0x70 => self.set_status(value as u8),
            0x80..0xa8 if at.is_multiple_of(16) || at % 16 == 4 => {
                self.set_address((at as usize - 0x80) / 16, at % 16 == 4, value);
            }
            _ => self.write_pci(machine, at.wrapping_sub(pci::REGISTERS), size, value),
        }
    }

    fn write_pci(&mut self, machine: &Fake, at: u64, size: usize, value: u32) {
        match at {
            0x00 => self.select[0] = value,
            0x08 => self.select[1] = value,
            0x0c => self.accept(value),
            0x10 => self.configuration_vector = value as u16,
            0x14 => self.set_status(value as u8),
            0x16 => self.queue = value as usize,
            0x18 => self.set_size(value as u16),
            0x1a => {
                let is_entry = (value as usize) < self.table.len();
                self.current_mut().vector = if is_entry { value as u16 } else { 0xffff };
            }
            0x1c => self.set_ready(machine, value),
            at @ 0x20..0x38 => self.set_address((at as usize - 0x20) / 8, at % 8 == 4, value),
            at @ pci::NOTIFY..pci::TABLE => {
                assert_eq!((at - pci::NOTIFY) / u64::from(pci::MULTIPLIER), u64::from(value), "its own place");
                self.kick(value as u16);
            }
            at @ pci::TABLE..0x5000 => {
                let at = (at - pci::TABLE) as usize;
                assert!(size == 4);
                self.table[at / 16][at % 16 / 4] = value;
            }
            at => panic!("{value:#x} is written to {at:#x}"),
        }
    }

    /// As much of it as a driver needs to go on, wherever it writes.
    fn write_odd(&mut self, at: u64, value: u32) {
        match at.checked_sub(pci::REGISTERS).unwrap_or(at + 0x1000) {
            0x1014 | 0x00 => self.select[0] = value & 1,
            0x1024 | 0x08 => self.select[1] = value & 1,
            0x1020 | 0x0c => self.accept(value),
            0x1030 | 0x16 => self.queue = value as usize,
            0x1070 | 0x14 => self.status = value as u8,
            0x1a => self.queues.iter_mut().for_each(|queue| queue.vector = value as u16),
            _ => {}
        }
    }

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
