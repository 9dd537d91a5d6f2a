//! The kvm platform: a unikernel as a PVH guest of QEMU, Firecracker or Cloud Hypervisor, over virtio.
//!
//! What a machine is started, sealed and ended by is [`mirage_pvh`]'s; here is what such a machine has: a serial port,
//! the hypervisor's clock, its interrupt controllers, and [virtio devices](virtio).
#![no_std]
#![cfg_attr(not(mirage_bare), allow(dead_code, reason = "a host has no machine to prepare"))]
#![deny(unsafe_code)] // but where it is said what for
#![allow(async_fn_in_trait)] // single-threaded by design: no future here is ever `Send`

extern crate alloc;

mod acpi;
mod button;
#[expect(unsafe_code, reason = "a hypervisor writes the time into a page")]
mod clock;
mod console;
#[expect(unsafe_code, reason = "drivers are given memory and registers")]
mod hardware;
#[expect(unsafe_code, reason = "a static that is not shared")]
mod machine;
mod net;
mod ports;
mod power;
#[cfg(mirage_bare)]
#[expect(unsafe_code, reason = "its name is what the start calls it by")]
mod prepare;
mod random;
mod serial;
pub mod virtio;

pub use console::VirtioConsole;
pub use hardware::Hardware;
pub use machine::{Kvm, run};
pub use mirage_pvh::{Clock, Logger, Platform, Spawner, Time};
pub use net::Net;

/// The time of day, of KVM or of the clock with a battery.
pub type WallClock = mirage_pvh::WallClock<Kvm>;
/// The console: the first serial port.
pub type Console = mirage_pvh::Console<Kvm>;
/// Random numbers, seeded by the processor and by a virtio-rng device, by whichever there is.
pub type Random = mirage_pvh::Random<Kvm>;

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
