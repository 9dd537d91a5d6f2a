//! Measuring: commands timed as whole processes, figures kept as they came, medians quoted.

mod direct;
mod figures;
mod process;
mod tool;
mod web;

pub use direct::direct;
pub use figures::{Figures, table};
pub use process::{Server, free_port, timed};
pub use tool::{Project, Tool};
pub use web::{Answered, Load, pressed, wrk};
