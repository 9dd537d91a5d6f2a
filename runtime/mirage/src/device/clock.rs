//! Clocks: one that only goes forward, and one that tells the date.

use crate::time::{Instant, Timestamp};

/// A monotonic clock: time since an unspecified start, never going back, in nanoseconds.
///
/// MirageOS's `Mirage_mtime`.
#[diagnostic::on_unimplemented(
    message = "a monotonic clock is wanted here, but this is a `{Self}`",
    label = "not a clock"
)]
pub trait Clock: Clone + 'static {
    /// The time now.
    fn now(&self) -> Instant;
}

/// The time of day: time since 1970-01-01 00:00 UTC. It may jump when somebody sets it.
///
/// MirageOS's `Mirage_ptime`.
#[diagnostic::on_unimplemented(
    message = "a wall clock is wanted here, but this is a `{Self}`",
    label = "not a wall clock"
)]
pub trait WallClock: Clone + 'static {
    /// The date and time now.
    fn now(&self) -> Timestamp;
}
