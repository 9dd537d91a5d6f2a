//! What an endpoint remembers, each thing in a table of its own that costs the same however full it is.

mod nodes;
mod pair;
mod syn_cache;
mod time_wait;
mod timers;

pub(super) use pair::Pair;
pub(super) use syn_cache::{HalfOpen, SynCache};
pub(super) use time_wait::{Closed, TimeWaits};
pub(super) use timers::Timers;
