//! Waiting for the outside world: looking out for a moment first, where that has paid lately.
//!
//! Going to sleep and being woken takes a virtual machine tens of microseconds, and whoever wakes us pays as well. Under
//! dense traffic the next request is here before that is over. So the loop looks a few times before it sleeps, for no
//! longer than a sleep would have cost; it does so only while it finds something that way, and gives the processor to
//! anybody else who wants it between two looks. A process that is idle, or gets its requests far apart, just sleeps.

use std::time::{self, Duration};

use mirage::time::Instant;
use rustix::io::Errno;

use crate::platform::now;
use crate::reactor::Reactor;

/// For how long to look before going to sleep: about what going to sleep and waking up costs.
const LOOK: Duration = Duration::from_micros(50);

/// A sleep that was over this soon might have been spared; being woken is part of it.
const SHORT: Duration = Duration::from_micros(100);

/// Failures in a row beyond which there is no point in counting.
const FAILURES: u32 = 12;

/// When to look and when to sleep.
pub struct Watch {
    started: time::Instant,
    /// Looked in vain so many times in a row.
    failures: u32,
    /// Short sleeps to come before it is worth looking again; each failure in a row doubles them.
    doubt: u32,
}

impl Watch {
    /// Trusts nobody yet: the first sleeps are sleeps. Time counts from `started`.
    pub fn new(started: time::Instant) -> Self {
        Self { started, failures: 0, doubt: 1 }
    }

    /// Waits until something comes or `deadline` is there, not at all if `busy`. Returns what time it is then.
    pub fn wait(&mut self, reactor: &Reactor, deadline: Option<Instant>, busy: bool) -> Result<Instant, Errno> {
        let look = busy || self.doubt == 0;
        // Most often there is something already, and then there is no need to know since when.
        if look && (reactor.wait(Some(Duration::ZERO))? || busy) {
            return Ok(now(self.started));
        }
        let since = now(self.started);
        let mut at = since;
        if look {
            let until = deadline.map_or(since + LOOK, |deadline| deadline.min(since + LOOK));
            let mut found = false;
            while at < until && !found {
                std::thread::yield_now();
                found = reactor.wait(Some(Duration::ZERO))?;
                at = now(self.started);
            }
            if found && at < until {
                self.failures = 0;
                return Ok(at);
            }
            // Nothing came, or somebody else had the processor in the meantime: then sleeping is how to share it.
            self.doubt = 1 << self.failures;
            self.failures = FAILURES.min(self.failures + 1);
            if found {
                return Ok(at);
            }
        }
        let something = reactor.wait(deadline.map(|deadline| deadline - at))?;
        at = now(self.started);
        if something && at - since < SHORT {
            self.doubt = self.doubt.saturating_sub(1);
        }
        Ok(at)
    }
}
