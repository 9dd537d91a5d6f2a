//! The xen platform: a unikernel as a PVH domain of Xen.
//!
//! What a machine is started, sealed and ended by is [`mirage_pvh`]'s; here is what a domain has: event channels in place
//! of interrupts, memory granted page by page to the domains that serve it, a console ring, and xenstore, in which the
//! domains agree on all of this. Names are those of Xen's public headers (xen/include/public).
#![no_std]
#![cfg_attr(not(mirage_bare), allow(dead_code, reason = "a host has no hypervisor to call"))]
#![deny(unsafe_code)] // but where it is said what for
#![allow(async_fn_in_trait)] // single-threaded by design: no future here is ever `Send`

extern crate alloc;

mod clock;
mod console;
mod control;
mod event;
mod grant;
#[expect(unsafe_code, reason = "a static that is not shared")]
mod machine;
pub mod net;
#[expect(unsafe_code, reason = "pages that are shared with Xen and with other domains are read and written here")]
pub mod page;
#[cfg(mirage_bare)]
#[expect(unsafe_code, reason = "its name is what the start calls it by")]
mod prepare;
pub mod store;

pub use machine::{Xen, run};
pub use mirage_pvh::{Clock, Logger, Platform, Spawner, Time};
pub use net::Net;

/// The time of day, as Xen tells it.
pub type WallClock = mirage_pvh::WallClock<Xen>;
/// The console: a ring that a back end reads and fills.
pub type Console = mirage_pvh::Console<Xen>;
/// Random numbers, seeded by the processor.
pub type Random = mirage_pvh::Random<Xen>;

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
