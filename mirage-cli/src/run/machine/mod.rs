//! An image as a virtual machine.
//!
//! ```text
//! plan, options ──▶ Guest ──qemu, firecracker, cloud_hypervisor──▶ a command ──supervise──▶ an exit status
//!                                                                              console: what it writes, with symbols
//!                                                                              control: the word that it shall stop
//! ```

mod accelerator;
mod cloud_hypervisor;
mod console;
mod control;
mod exits;
mod firecracker;
mod guard;
mod guest;
mod memory;
mod monitor;
mod network;
mod options;
mod prepare;
mod publish;
mod qemu;
mod start;
mod supervise;
mod symbols;

pub use accelerator::{Host as VirtualizationHost, virtualization};
pub use guard::obey as obey_guard;
pub use memory::Memory;
pub use monitor::Monitor;
pub use options::{Accel, Attachment, Board, Options};
pub use publish::Publish;
pub use start::{dry_run, run};
