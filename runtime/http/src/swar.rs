//! Eight bytes at a time, in a register any processor has.

/// A one in each byte.
const EACH: u64 = u64::MAX / 0xff;

/// The highest bit of each of eight bytes that is less than `than`, which is at most 128. The lowest bit that is set says
/// which is the first of them in little-endian order; those above it may be wrong.
pub fn below(word: u64, than: u8) -> u64 {
    // A byte's highest bit is borrowed from where the byte is less, or was set before.
    word.wrapping_sub(EACH * u64::from(than)) & !word & (EACH * 0x80)
}

/// Where a byte is first found.
pub fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let found = below(u64::from_le_bytes(*word) ^ (EACH * u64::from(byte)), 1);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    Some(words.len() * 8 + rest.iter().position(|&other| other == byte)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_byte_is_found_where_it_is(bytes in prop::collection::vec(prop::sample::select(&[0_u8, 9, 10, 11, 138, 255][..]), 0..40)) {
            for byte in [0, 10, 138, 255] {
                prop_assert_eq!(super::position(&bytes, byte), bytes.iter().position(|&other| other == byte));
            }
        }

        #[test]
        fn what_is_below_a_bound_is_seen(bytes: [u8; 8], than in 1..=128_u8) {
            let first = bytes.iter().position(|&byte| byte < than);
            let found = super::below(u64::from_le_bytes(bytes), than);
            prop_assert_eq!((found != 0).then(|| found.trailing_zeros() as usize / 8), first);
        }
    }
}
