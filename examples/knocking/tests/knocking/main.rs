//! The unikernel on a network in memory and in virtual time.

mod control;
mod forwarding;
mod refusing;
mod world;
