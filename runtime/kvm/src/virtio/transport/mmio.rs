//! Memory-mapped registers (virtio 1.2 section 4.2).

use super::super::error::Problem;
use super::super::machine::Registers;
use super::Cause;

/// What the first register says: `virt`.
pub const MAGIC: u32 = 0x7472_6976;

/// Where the device's configuration begins.
pub const CONFIG: usize = 0x100;

// Registers, section 4.2.2.
const MAGIC_VALUE: usize = 0x00;
const VERSION: usize = 0x04;
const DEVICE_FEATURES: usize = 0x10;
const DEVICE_FEATURES_SELECT: usize = 0x14;
const DRIVER_FEATURES: usize = 0x20;
const DRIVER_FEATURES_SELECT: usize = 0x24;
const QUEUE_SELECT: usize = 0x30;
const QUEUE_SIZE_MOST: usize = 0x34;
const QUEUE_SIZE: usize = 0x38;
const QUEUE_READY: usize = 0x44;
const QUEUE_NOTIFY: usize = 0x50;
const INTERRUPT_ACKNOWLEDGE: usize = 0x64;
const STATUS: usize = 0x70;
const QUEUE_ADDRESSES: [usize; 3] = [0x80, 0x90, 0xa0];
const GENERATION: usize = 0xfc;

/// Version 1 is what there was before virtio 1.0.
const MODERN: u32 = 2;

/// Whatever an interrupt may be for: used buffers, and a change of the configuration.
const ALL_CAUSES: u32 = 3;

/// A device's registers.
pub struct Mmio<R>(R);

impl<R: Registers> Mmio<R> {
    /// The device behind some registers.
    ///
    /// # Errors
    /// When there is none, or an old one.
    pub fn new(registers: R) -> Result<Self, Problem> {
        if registers.length() < CONFIG || registers.read32(MAGIC_VALUE) != MAGIC {
            return Err(Problem::NoRegisters("device"));
        }
        if registers.read32(VERSION) == MODERN { Ok(Self(registers)) } else { Err(Problem::Legacy) }
    }

    pub(super) fn status(&self) -> u8 {
        self.0.read32(STATUS) as u8
    }

    pub(super) fn set_status(&self, status: u8) {
        self.0.write32(STATUS, u32::from(status));
    }

    pub(super) fn offered(&self, which: u32) -> u32 {
        self.0.write32(DEVICE_FEATURES_SELECT, which);
        self.0.read32(DEVICE_FEATURES)
    }

    pub(super) fn accept(&self, which: u32, features: u32) {
        self.0.write32(DRIVER_FEATURES_SELECT, which);
        self.0.write32(DRIVER_FEATURES, features);
    }

    pub(super) fn queue_most(&self, queue: u16) -> u16 {
        self.0.write32(QUEUE_SELECT, u32::from(queue));
        if self.0.read32(QUEUE_READY) != 0 {
            return 0;
        }
        self.0.read32(QUEUE_SIZE_MOST).try_into().unwrap_or(u16::MAX)
    }

    pub(super) fn set_queue(&self, queue: u16, size: u16, addresses: [u64; 3]) -> Result<(), Problem> {
        self.0.write32(QUEUE_SELECT, u32::from(queue));
        self.0.write32(QUEUE_SIZE, u32::from(size));
        for (register, address) in QUEUE_ADDRESSES.into_iter().zip(addresses) {
            self.0.write32(register, address as u32);
            self.0.write32(register + 4, (address >> 32) as u32);
        }
        self.0.write32(QUEUE_READY, 1);
        Ok(())
    }

    pub(super) fn notify(&self, queue: u16) {
        self.0.write32(QUEUE_NOTIFY, u32::from(queue));
    }

    pub(super) fn acknowledge(&self, _: usize) -> Cause {
        // Each access is an exit to the monitor: what it was is not read before.
        self.0.write32(INTERRUPT_ACKNOWLEDGE, ALL_CAUSES);
        Cause::Unknown
    }

    pub(super) fn generation(&self) -> u32 {
        self.0.read32(GENERATION)
    }

    pub(super) fn config8(&self, offset: usize) -> u8 {
        self.0.read8(CONFIG.saturating_add(offset))
    }

    pub(super) fn config16(&self, offset: usize) -> u16 {
        self.0.read16(CONFIG.saturating_add(offset))
    }
}
