//! What ARP and neighbour discovery have in common: a cache of hardware addresses, and the packets that wait for one.

mod cache;
mod held;

pub use cache::{Cache, Way};
pub use held::Held;
