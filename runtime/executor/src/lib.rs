//! The single-threaded executor and the timer queue a unikernel runs on where there is a host: on unix and in tests.
//!
//! A platform's loop is: [`Executor::run_ready`], then wait for the outside world until [`Timers::next`] at the
//! latest, then [`Timers::fire`], and again. Neither part knows what time it is or how to wait.
#![forbid(unsafe_code)]

mod executor;
mod timers;

pub use async_task::Task;
pub use executor::{Executor, Spawner};
pub use timers::{Sleep, Timers};
