//! Identifications of packets that may be cut into pieces.

use core::cell::Cell;

/// Rounds of the network below.
const ROUNDS: u32 = 4;

/// Each of the 65,536 once before any comes again, so that pieces of two packets do not meet for as long as can be
/// (RFC 6864 §4.2), in an order that does not tell a stranger how many packets went to others in between (RFC 7739 §3,
/// which holds for IPv4 as well).
pub struct Identifications {
    secret: u64,
    next: Cell<u16>,
}

impl Identifications {
    /// From a random number.
    pub fn new(secret: u64) -> Self {
        Self { secret, next: Cell::new(0) }
    }

    /// The next one.
    pub fn next(&self) -> u16 {
        let [mut left, mut right] = self.next.get().to_be_bytes();
        self.next.set(self.next.get().wrapping_add(1));
        // A Feistel network is a permutation, whatever is done in a round.
        for round in 0..ROUNDS {
            let mixed = (self.secret.rotate_left(16 * round) ^ u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (left, right) = (right, left ^ (mixed >> 56) as u8);
        }
        u16::from_be_bytes([left, right])
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn rfc_6864_4_2_none_comes_again_before_all_others() {
        let (identifications, mut seen) = (Identifications::new(0x0123_4567_89ab_cdef), vec![false; 1 << 16]);
        for _ in 0..=u16::MAX {
            assert!(!core::mem::replace(&mut seen[usize::from(identifications.next())], true));
        }
    }

    #[test]
    fn rfc_7739_3_the_next_cannot_be_told_from_the_last() {
        let identifications = Identifications::new(0x0123_4567_89ab_cdef);
        let first: alloc::vec::Vec<u16> = (0..100).map(|_| identifications.next()).collect();
        let steps = first.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) < 256).count();
        assert!(steps < 20, "{first:?}");
    }
}
