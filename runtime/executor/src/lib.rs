//! The single-threaded executor and the timer queue every platform runs a unikernel with.
//!
//! A platform's loop is: [`Executor::run_ready`], then wait for the outside world until [`Timers::next`] at the
//! latest, then [`Timers::fire`], and again. Neither part knows what time it is or how to wait.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait)]

extern crate alloc;

mod executor;
#[cfg(feature = "std")]
mod queue;
mod timers;

pub use edge_executor::ExecutorQueue;
pub use executor::{Executor, Spawner};
#[cfg(feature = "std")]
pub use queue::StdQueue;
pub use timers::{Sleep, Timers};
