//! Congestion control: how much may be in flight.

mod control;
mod cubic;
mod hystart;
mod newreno;

pub(super) use control::{Acknowledged, Congestion, initial_window};
