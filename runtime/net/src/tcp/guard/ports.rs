//! Ports for connections of ours.

use core::ops::RangeInclusive;

/// The dynamic ports (RFC 6335 section 6).
const RANGE: RangeInclusive<u16> = 49152..=65535;

/// Picks ports that a stranger cannot foretell: one counter, at an offset of its own for each destination (RFC 6056
/// section 3.3.3, algorithm 3).
pub struct Ports {
    next: u16,
}

impl Ports {
    pub fn new(random: u32) -> Self {
        Self { next: random as u16 }
    }

    /// A port that is not taken; each is tried once at the most.
    pub fn pick(&mut self, offset: u32, mut taken: impl FnMut(u16) -> bool) -> Option<u16> {
        let (first, count) = (*RANGE.start(), RANGE.end() - RANGE.start() + 1);
        for _ in 0..count {
            // The range is a power of two, so neither the sum nor the counter is bent where it comes round.
            let port = first + (offset as u16).wrapping_add(self.next) % count;
            self.next = self.next.wrapping_add(1);
            if !taken(port) {
                return Some(port);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dynamic_port_is_tried_once_rfc_6056_3_3_3() {
        let mut ports = Ports::new(0x1234_fff0);
        let mut seen = alloc::collections::BTreeSet::new();
        while let Some(port) = ports.pick(77, |port| seen.contains(&port)) {
            assert!(RANGE.contains(&port));
            seen.insert(port);
        }
        assert_eq!(seen.len(), RANGE.count());
    }
}
