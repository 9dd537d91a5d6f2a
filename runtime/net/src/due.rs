//! When something is due.

use mirage::time::Instant;

/// The earliest of several moments; none, if nothing is ever due. Not inlined: every layer asks for it, once a round.
#[inline(never)]
pub fn earliest(moments: &[Option<Instant>]) -> Option<Instant> {
    moments.iter().copied().fold(None, earlier)
}

/// The earlier of two.
pub fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
