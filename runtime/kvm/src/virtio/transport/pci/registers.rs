//! A device's registers, in the places that its capabilities name (virtio 1.2 section 4.1.4).

use alloc::vec::Vec;

use super::super::super::error::Problem;
use super::super::super::machine::{Machine, Registers as _, Trigger};
use super::super::Cause;
use super::bus::{Bus, COMMAND, Function, INTERRUPT};
use super::capability::{Capabilities, Structure, map};
use super::messages::{self, Messages};

// The common structure, section 4.1.4.3.
const DEVICE_FEATURES_SELECT: usize = 0x00;
const DEVICE_FEATURES: usize = 0x04;
const DRIVER_FEATURES_SELECT: usize = 0x08;
const DRIVER_FEATURES: usize = 0x0c;
const CONFIGURATION_VECTOR: usize = 0x10;
const STATUS: usize = 0x14;
const GENERATION: usize = 0x15;
const QUEUE_SELECT: usize = 0x16;
const QUEUE_SIZE: usize = 0x18;
const QUEUE_VECTOR: usize = 0x1a;
const QUEUE_ENABLE: usize = 0x1c;
const QUEUE_NOTIFY: usize = 0x1e;
const QUEUE_ADDRESSES: [usize; 3] = [0x20, 0x28, 0x30];
const COMMON_LENGTH: u32 = 0x38;

/// The interrupt's cause: a configuration change. The other bit is a used buffer.
const CONFIGURATION: u8 = 2;

// The command register: answers at its addresses, reads and writes memory itself, does not use its line.
const MEMORY: u32 = 1 << 1;
const MASTER: u32 = 1 << 2;
const NO_LINE: u32 = 1 << 10;

/// The most that is mapped of a structure: no device here has more queues or configuration.
const MOST: u32 = 64 * 1024;

/// How many queues have a place where the device is told of them.
const QUEUES: usize = 4;

/// A device's registers.
pub struct Pci<M: Machine> {
    function: Function,
    common: M::Registers,
    notify: M::Registers,
    device: Option<M::Registers>,
    capabilities: Capabilities,
    /// How far apart the places are where the device is told of a queue.
    multiplier: u32,
    /// Where it is told of each, once they are set.
    places: [usize; QUEUES],
    wired: Wired<M>,
}

/// How interrupts come.
enum Wired<M: Machine> {
    Not,
    /// By a line, whose cause is read.
    Line(M::Registers),
    Messages(Messages),
}

impl<M: Machine> Pci<M> {
    /// Finds and maps the registers of a function.
    ///
    /// # Errors
    /// When it has none that can be used.
    pub fn open(machine: &M, function: Function) -> Result<Self, Problem> {
        let bus = Bus::new(machine).ok_or(Problem::NoRegisters("configuration"))?;
        let capabilities = Capabilities::read(&bus, function);
        let Capabilities { common, notify, device, .. } = capabilities;
        let Some((common, notify)) = common.zip(notify) else { return Err(Problem::Legacy) };
        let mapped = |structure: Structure, least: u32, name| {
            let structure = Structure { length: structure.length.min(MOST), ..structure };
            let registers = map(&bus, function, structure).filter(|_| structure.length >= least);
            registers.ok_or(Problem::NoRegisters(name))
        };
        let multiplier = bus.read(function, notify.at + 16);
        let common = mapped(common, COMMON_LENGTH, "common")?;
        let notify = mapped(notify, 2, "notification")?;
        let device = device.map(|device| mapped(device, 1, "configuration")).transpose()?;
        let command = bus.read(function, COMMAND) as u16;
        bus.write(function, COMMAND, u32::from(command) | MEMORY | MASTER);
        let (places, wired) = ([0; QUEUES], Wired::Not);
        Ok(Self { function, common, notify, device, capabilities, multiplier, places, wired })
    }

    pub(in super::super) fn interrupts(&mut self, machine: &M, queues: u16) -> Result<Vec<M::Interrupt>, Problem> {
        let bus = Bus::new(machine).ok_or(Problem::NoInterrupt)?;
        if let Some(msix) = self.capabilities.msix
            && let Some((messages, interrupts)) = messages::arm(&bus, self.function, msix, queues)
        {
            let command = bus.read(self.function, COMMAND) as u16;
            bus.write(self.function, COMMAND, u32::from(command) | NO_LINE);
            self.common.write16(CONFIGURATION_VECTOR, messages.configuration());
            self.wired = Wired::Messages(messages);
            return Ok(interrupts);
        }
        let isr = self.capabilities.isr.ok_or(Problem::NoInterrupt)?;
        let isr = map(&bus, self.function, Structure { length: 1, ..isr }).ok_or(Problem::NoInterrupt)?;
        let [line, pin, ..] = bus.read(self.function, INTERRUPT).to_le_bytes();
        // A pin of 0: it has none; a line of 255: nobody routed it.
        if pin == 0 || line == u8::MAX {
            return Err(Problem::NoInterrupt);
        }
        let interrupt = machine.line(u32::from(line), Trigger::LowLevel).ok_or(Problem::NoInterrupt)?;
        self.wired = Wired::Line(isr);
        Ok([interrupt].into())
    }

    pub(in super::super) fn status(&self) -> u8 {
        self.common.read8(STATUS)
    }

    pub(in super::super) fn set_status(&self, status: u8) {
        self.common.write8(STATUS, status);
    }

    pub(in super::super) fn offered(&self, which: u32) -> u32 {
        self.common.write32(DEVICE_FEATURES_SELECT, which);
        self.common.read32(DEVICE_FEATURES)
    }

    pub(in super::super) fn accept(&self, which: u32, features: u32) {
        self.common.write32(DRIVER_FEATURES_SELECT, which);
        self.common.write32(DRIVER_FEATURES, features);
    }

    pub(in super::super) fn queue_most(&self, queue: u16) -> u16 {
        self.common.write16(QUEUE_SELECT, queue);
        if self.common.read16(QUEUE_ENABLE) != 0 {
            return 0;
        }
        self.common.read16(QUEUE_SIZE)
    }

    pub(in super::super) fn set_queue(&mut self, queue: u16, size: u16, addresses: [u64; 3]) -> Result<(), Problem> {
        self.common.write16(QUEUE_SELECT, queue);
        let place = usize::from(self.common.read16(QUEUE_NOTIFY)).checked_mul(self.multiplier as usize);
        let place = place.filter(|&place| place.saturating_add(2) <= self.notify.length() && place.is_multiple_of(2));
        match (place, self.places.get_mut(usize::from(queue))) {
            (Some(place), Some(slot)) => *slot = place,
            _ => return Err(Problem::NoRegisters("notification")),
        }
        self.common.write16(QUEUE_SIZE, size);
        if let Wired::Messages(messages) = &self.wired {
            let vector = messages.queue(queue);
            self.common.write16(QUEUE_VECTOR, vector);
            // A device that cannot keep it says so here (section 4.1.5.1.2).
            if self.common.read16(QUEUE_VECTOR) != vector {
                return Err(Problem::NoInterrupt);
            }
        }
        for (register, address) in QUEUE_ADDRESSES.into_iter().zip(addresses) {
            self.common.write32(register, address as u32);
            self.common.write32(register + 4, (address >> 32) as u32);
        }
        self.common.write16(QUEUE_ENABLE, 1);
        Ok(())
    }

    pub(in super::super) fn notify(&self, queue: u16) {
        if let Some(&place) = self.places.get(usize::from(queue)) {
            self.notify.write16(place, queue);
        }
    }

    pub(in super::super) fn acknowledge(&self, which: usize) -> Cause {
        let is_configuration = match &self.wired {
            Wired::Not => false,
            // Reading it is acknowledging it.
            Wired::Line(isr) => isr.read8(0) & CONFIGURATION != 0,
            Wired::Messages(messages) => messages.is_configuration(which),
        };
        if is_configuration { Cause::Configuration } else { Cause::Queues }
    }

    pub(in super::super) fn generation(&self) -> u32 {
        u32::from(self.common.read8(GENERATION))
    }

    pub(in super::super) fn config8(&self, offset: usize) -> u8 {
        self.device.as_ref().map_or(u8::MAX, |device| device.read8(offset))
    }

    pub(in super::super) fn config16(&self, offset: usize) -> u16 {
        self.device.as_ref().map_or(u16::MAX, |device| device.read16(offset))
    }
}
