//! An image as a virtual machine.
//!
//! ```text
//! plan, options ──▶ Guest ──qemu, firecracker, cloud_hypervisor──▶ a command ──supervise──▶ an exit status
//!                                                                              console: what it writes, with symbols
//!                                                                              control: the word that it shall stop
//! ```

mod accelerator;
mod cloud_hypervisor;
mod control;
mod exits;
mod firecracker;
mod guest;
mod memory;
mod monitor;
mod network;
mod options;
mod prepare;
mod qemu;
mod start;
mod supervise;

pub use accelerator::{Host as VirtualizationHost, virtualization};
pub(in crate::run) use exits::Ours;
pub(crate) use guest::EXIT_BY_CONSOLE;
pub(in crate::run) use guest::Link;
pub use memory::Memory;
pub use monitor::Monitor;
pub(in crate::run) use monitor::installed;
pub(in crate::run) use network::user;
pub use options::{Accel, Attachment, Board, ConsoleKind, Options};
pub(in crate::run) use prepare::{memory, needs_interfaces, text};
pub use start::{dry_run, run};
pub(in crate::run) use supervise::{Asked, supervise};
