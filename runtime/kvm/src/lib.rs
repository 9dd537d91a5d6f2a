//! The kvm platform: a unikernel as a PVH guest of QEMU, Firecracker or Cloud Hypervisor, over virtio.
//!
//! What a machine is started, sealed and ended by is [`mirage_pvh`]'s; here is what such a machine has: a serial port,
//! the hypervisor's clock, its interrupt controllers, and virtio devices.
#![no_std]
#![cfg_attr(not(mirage_bare), allow(dead_code, reason = "a host has no machine to prepare"))]
#![allow(async_fn_in_trait)]

extern crate alloc;

mod clock;
mod devices;
mod machine;
mod ports;
#[cfg(mirage_bare)]
mod prepare;
mod serial;

pub use devices::{Console, WallClock};
pub use machine::{Kvm, run};
pub use mirage_pvh::{Clock, Logger, Platform, Random, Spawner, Time};

/// Ends a generated main.rs: `main!("name", ARGUMENTS, start)` defines what the start of the machine goes on with.
#[macro_export]
macro_rules! main {
    ($name:literal, $arguments:expr, $start:path $(,)?) => {
        #[unsafe(no_mangle)]
        fn mirage_platform_start() -> ! {
            $crate::run($name, $arguments, $start)
        }
    };
}
