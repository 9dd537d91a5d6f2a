//! The timers of a connection, in as few bytes as they need.

use core::time::Duration;

use mirage::time::Instant;

/// A deadline that may be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub const NONE: Self = Self(Instant::from_nanos(u64::MAX));

    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    pub fn is_set(self) -> bool {
        self != Self::NONE
    }

    pub fn is_due(self, now: Instant) -> bool {
        self.is_set() && self.0 <= now
    }

    pub fn get(self) -> Option<Instant> {
        self.is_set().then_some(self.0)
    }
}

/// The timers that are set and cleared; keep-alive and the user time-out follow from when something was last heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timers {
    /// When something unacknowledged is taken for lost, or the window is asked for, or the tail is probed.
    pub retransmit: Deadline,
    /// Which of these.
    pub purpose: Purpose,
    /// When RACK takes segments for lost that others have overtaken (RFC 8985, 6.2).
    pub reorder: Deadline,
    /// When an acknowledgment can wait no longer (RFC 9293, 3.8.6.3).
    pub acknowledge: Deadline,
}

/// What the retransmission timer runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// RFC 6298.
    Retransmit,
    /// RFC 8985, 7.
    Tail,
    /// RFC 9293, 3.8.6.1.
    Window,
}

impl Timers {
    pub const NONE: Self = Self {
        retransmit: Deadline::NONE,
        purpose: Purpose::Retransmit,
        reorder: Deadline::NONE,
        acknowledge: Deadline::NONE,
    };
}

/// The longest an acknowledgment waits for company.
pub(super) const DELAYED_ACK: Duration = Duration::from_millis(40);
/// The time between two questions whether the peer is still there; no longer than the first silence.
pub(super) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(75);
/// How many of them go unanswered until the connection is given up.
pub(super) const KEEP_ALIVE_PROBES: u8 = 9;
/// How long an end nobody reads from any more waits for the peer's FIN.
pub(super) const FIN_WAIT_2: Duration = Duration::from_secs(60);
