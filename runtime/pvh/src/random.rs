//! Where random numbers begin.

use core::cell::Cell;

use crate::Error;
use crate::setup::{has_random, random};

/// What a device has given besides the processor, as virtio-rng does.
struct Given(Cell<Option<[u8; 32]>>);

// SAFETY: there is one processor and no thread.
unsafe impl Sync for Given {}

static GIVEN: Given = Given(Cell::new(None));

/// Adds what a device has given to what the next [`seed`] is made of.
pub fn give(bytes: [u8; 32]) {
    let before = GIVEN.0.get().unwrap_or_default();
    GIVEN.0.set(Some(core::array::from_fn(|index| bytes[index] ^ before[index])));
}

/// A seed nobody can foretell: of RDRAND, of what a device gave, or of both, by exclusive or.
///
/// # Errors
/// When there is neither.
pub fn seed() -> Result<[u8; 32], Error> {
    let mut seed = GIVEN.0.get();
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
