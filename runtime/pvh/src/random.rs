//! Where random numbers begin.

use crate::Error;
use crate::setup::{has_random, random};

/// A seed nobody can foretell: of RDRAND, of what a device gave, or of both, by exclusive or.
///
/// # Errors
/// When there is neither.
pub fn seed(given: Option<[u8; 32]>) -> Result<[u8; 32], Error> {
    let mut seed = given;
    if has_random() {
        let bytes = seed.get_or_insert_default();
        for part in bytes.chunks_exact_mut(8) {
            let Some(value) = random() else {
                return Err(Error::new("the processor's RDRAND does not deliver"));
            };
            part.iter_mut().zip(value.to_le_bytes()).for_each(|(byte, random)| *byte ^= random);
        }
    }
    seed.ok_or(Error::new("there is nothing random: give the machine a virtio-rng device, or a processor with RDRAND"))
}
