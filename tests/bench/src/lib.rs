//! Measuring: commands timed as whole processes, figures kept as they came, medians quoted.

mod direct;
mod figures;
mod guest;
mod image;
mod kept;
mod kvm;
mod linux;
mod process;
mod stream;
mod tool;
mod web;
mod wire;
mod xen;

pub use direct::{direct_bulk, direct_close, direct_http, direct_poll};
pub use figures::{Figures, table};
pub use kvm::{Sides, kvm_boot, kvm_http, kvm_size};
pub use process::{Server, timed};
pub use tool::{Project, Tool};
pub use web::{Answered, Load, pressed, wrk};
pub use wire::{Way, wire};
pub use xen::{Domains, xen_create, xen_http, xen_size};
