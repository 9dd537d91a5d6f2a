//! How well a wire works.

use std::ops::RangeInclusive;
use std::time::Duration;

/// What happens to frames on their way. Probabilities go from 0 to 1 and hold for each frame by itself.
///
/// The default is a short cable: 0.1 ms, and nothing goes wrong.
///
/// ```
/// use std::time::Duration;
/// use mirage_test::Conditions;
///
/// let delay = Duration::from_millis(60);
/// let modem = Conditions { rate: Some(7_000), queue: 16 * 1024, loss: 0.01, ..Conditions::after(delay) };
/// # let _ = modem;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// How long a frame is under way. However it varies, nothing overtakes because of it.
    pub delay: RangeInclusive<Duration>,
    /// How likely a frame is lost.
    pub loss: f64,
    /// How likely a frame comes twice.
    pub duplication: f64,
    /// How likely one bit of a frame is flipped, somewhere in an IPv4 or IPv6 packet: what happens past the last frame
    /// check sequence. The Ethernet header and ARP, which nothing else protects, stay whole.
    pub corruption: f64,
    /// How likely a frame is late, so that those behind it overtake.
    pub reordering: f64,
    /// By how much a late frame is late.
    pub lateness: RangeInclusive<Duration>,
    /// Bytes a second, Ethernet headers included; none: as fast as they come.
    pub rate: Option<u64>,
    /// How many bytes wait for a [`rate`](Self::rate) at most; a frame that finds no room is lost.
    pub queue: usize,
}

impl Conditions {
    /// Nothing goes wrong, and everything takes this long.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        Self { delay: delay..=delay, ..Self::default() }
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(100)..=Duration::from_micros(100),
            loss: 0.0,
            duplication: 0.0,
            corruption: 0.0,
            reordering: 0.0,
            lateness: Duration::from_micros(200)..=Duration::from_millis(2),
            rate: None,
            queue: 256 * 1024,
        }
    }
}
