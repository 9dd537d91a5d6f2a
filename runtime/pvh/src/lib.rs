//! What the bare-metal platforms share: a machine's start by the PVH boot protocol, the ring-0 shim that seals it, the
//! heap, the loop, and what is said when something goes wrong.
//!
//! Everything but the shim (`shim/*.s`) runs in ring 3. [`setup`](self) reads what the hypervisor tells of the machine,
//! writes the page tables and has the shim take them; from there on nothing can be executed that was not in the image.
//! A platform brings a [`Machine`]: its clock, where its words go and how it waits. What not every unikernel has is a
//! device of the platform's, so that an image without it has no code of it.
//!
//! The crate compiles everywhere; what only an image has (the entry, the panic handler, the heap) is there with
//! `--cfg mirage_bare`, which `mirage build` gives.
#![no_std]
#![cfg_attr(not(mirage_bare), allow(dead_code, unused_imports, reason = "a host has no shim to use it"))]
#![allow(async_fn_in_trait)]

extern crate alloc;

mod alarm;
mod boot;
mod devices;
mod error;
mod executor;
mod fault;
mod interrupt;
mod memory;
mod platform;
pub mod pvclock;
mod random;
mod run;
mod setup;
mod shim;

pub use alarm::Alarm;
pub use boot::{Boot, Range};
pub use devices::{Clock, Console, Logger, Random, Spawner, Time, WallClock};
pub use error::Error;
pub use executor::Executor;
pub use fault::{exit, say, say_by, status};
pub use interrupt::Interrupt;
pub use interrupt::raise;
pub use memory::{Pages, Registers, Usage, device_address, usage};
pub use platform::{End, Host, Machine, Platform, STOP};
pub use run::run;
pub use setup::{Early, boot, has_deadline, shared, time_stamp};
pub use shim::{Shim, call};
