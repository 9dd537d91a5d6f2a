//! The single-threaded executor and the timer queue a unikernel runs on: without threads, on bare metal, the timers alone.
//!
//! A platform's loop is: [`Executor::run_ready`], then wait for the outside world until [`Timers::next`] at the
//! latest, then [`Timers::fire`], and again. Neither part knows what time it is or how to wait.
#![cfg_attr(not(feature = "threads"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "threads")]
mod executor;
mod queue;
mod timers;

#[cfg(feature = "threads")]
pub use async_task::Task;
#[cfg(feature = "threads")]
pub use executor::{Executor, Spawner};
pub use timers::{Sleep, Timers};
