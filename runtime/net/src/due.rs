//! When something is due.

use mirage::time::Instant;

/// The earliest of several moments; none, if nothing is ever due. Not inlined: every layer asks for it, once a round.
#[inline(never)]
pub fn earliest(moments: &[Option<Instant>]) -> Option<Instant> {
    moments.iter().copied().flatten().min()
}
