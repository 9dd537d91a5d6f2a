//! A real Xen where there is none: with a Linux as its dom0, in a machine of QEMU's that is emulated, from packages of
//! Debian's that are fetched and not installed.
//!
//! ```text
//! packages: fetched by apt ──dom0, tree, needs──▶ Files ──qemu──▶ a command ──Machine──▶ dom0 ──session──▶ xl create
//! ```

mod dom0;
mod files;
mod machine;
mod needs;
mod packages;
mod qemu;
mod run;
mod session;
mod tree;

pub use dom0::unpacked;
pub use files::{Files, ready};
pub use machine::Machine;
pub use qemu::{Boot, Card, MEMORY};
pub use run::{dry_run, run};
pub use session::{Answer, Pending, Session};
