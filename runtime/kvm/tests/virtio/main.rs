//! The drivers against devices in memory: those that keep to the rules, and those that do not.

mod chaos;
mod console;
mod fake;
mod faults;
mod find;
mod link;
mod net;
mod notifications;
mod random;
mod rng;
mod threads;
