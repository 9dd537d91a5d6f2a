//! The end of a machine that something went wrong on: one report on the console, and a status.

mod console;
#[cfg(mirage_bare)]
mod panic;
mod report;

pub use console::{Words, end, exit, quiet_exit_by_console, say, say_by, write};
pub use report::status;
