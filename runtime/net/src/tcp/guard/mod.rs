//! What keeps strangers out: secrets, cookies, ports nobody can guess, and a limit on answers to forged segments.

mod challenge;
pub(super) mod cookie;
#[cfg(test)]
pub mod numbers;
mod ports;
mod secret;

pub(super) use challenge::Challenges;
pub(super) use cookie::Cookies;
pub(super) use ports::Ports;
pub(super) use secret::Secret;
