//! Random numbers.

use rand_core::CryptoRng;

/// Random numbers that an attacker cannot foretell.
///
/// Every generator of the `rand_core` ecosystem whose handle can be cloned is one; bring [`rand_core::Rng`] into
/// scope for `next_u64` and `fill_bytes`.
#[diagnostic::on_unimplemented(
    message = "a random device is wanted here, but this is a `{Self}`",
    label = "not a random device"
)]
pub trait Random: CryptoRng + Clone + 'static {}

impl<R: CryptoRng + Clone + 'static> Random for R {}
