//! What a domain's end says of the image's.

use crate::error::{Error, Exit};

/// How many lines of Xen's are shown.
const MOST: usize = 40;

/// How a domain ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The status that the image said last on its console.
    pub said: Option<u8>,
    /// What `xl create` wrote.
    pub words: String,
    /// Whether we destroyed it.
    pub by_us: bool,
    /// What Xen said meanwhile, where that is known.
    pub log: String,
}

/// Why a domain has shut down, as it tells Xen (its public header `sched.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    PowerOff,
    Reboot,
    Suspend,
    Crash,
    Watchdog,
    Other,
}

impl Ended {
    /// The image's status.
    ///
    /// # Errors
    /// [`Exit::Interrupted`] if we destroyed it before it had stopped; [`Exit::Unavailable`] when it crashed, or ended in
    /// another way without a status, or never began.
    pub fn status(self) -> Result<u8, Error> {
        let reason = self.reason();
        let unavailable = |message: &str, detail: String| Err(Error::new(Exit::Unavailable, message).detail(detail));
        match (self.said, reason) {
            // Who has ended well does not crash then.
            (Some(status), Some(reason)) if status != 0 || reason != Reason::Crash => Ok(status),
            _ if self.by_us => Err(Error::new(Exit::Interrupted, "ended before the unikernel had stopped")),
            (_, Some(Reason::Crash)) => unavailable("the domain crashed", self.of_domain()),
            (_, Some(Reason::Watchdog)) => unavailable("the domain was ended by its watchdog", self.of_domain()),
            (_, Some(reason)) => {
                let how = match reason {
                    // So does one in which an exception was not taken.
                    Reason::Reboot => "was reset",
                    Reason::Suspend => "was suspended",
                    _ => "ended",
                };
                unavailable(&format!("the domain {how} without a status of the unikernel's"), self.of_domain())
            }
            (Some(status), None) => Ok(status),
            (None, None) if self.words.contains("has been destroyed") => {
                unavailable("the domain was destroyed before the unikernel had stopped", self.of_domain())
            }
            (None, None) => unavailable("`xl create` failed", self.words),
        }
    }

    /// Why the domain has shut down, as `xl create -F` says it; none if it has not.
    fn reason(&self) -> Option<Reason> {
        let (_, rest) = self.words.rsplit_once("has shut down, reason code ")?;
        Some(match rest.split_whitespace().next()?.parse() {
            Ok(0) => Reason::PowerOff,
            Ok(1) => Reason::Reboot,
            Ok(2) => Reason::Suspend,
            Ok(3) => Reason::Crash,
            Ok(4) => Reason::Watchdog,
            _ => Reason::Other,
        })
    }

    /// What Xen has said of the first domain, from its first word about it on.
    fn of_domain(&self) -> String {
        let begins = |line: &&str| ["(d1)", "d1v0", "domain_crash", "Domain 1 "].iter().any(|word| line.contains(word));
        // The state every domain begins with is said whether it matters or not.
        let lines = self.log.lines().filter(|line| !line.starts_with("(XEN) HVM d"));
        let lines: Vec<&str> = lines.skip_while(|line| !begins(line)).take(MOST).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(said: Option<u8>, reason: Option<u8>) -> Ended {
        let words = reason.map(|reason| format!("Domain 1 has shut down, reason code {reason} 0x{reason:x}\nDone.\n"));
        let log = "(XEN) Xen version 4\n(XEN) HVM d1v0 save: CPU\n(XEN) d1v0 Triple fault\n(XEN) RIP: 1\n".to_owned();
        Ended { said, words: words.unwrap_or_else(|| "no memory\n".to_owned()), by_us: false, log }
    }

    #[test]
    fn what_the_image_says_is_its_status() {
        for status in [0, 1, 101] {
            assert_eq!(ended(Some(status), Some(0)).status(), Ok(status));
        }
        assert_eq!(ended(Some(101), Some(3)).status(), Ok(101), "who has said why may crash");
        assert_eq!(ended(Some(0), Some(1)).status(), Ok(0));
    }

    #[test]
    fn a_crash_is_told_with_what_xen_says_of_it() {
        for said in [None, Some(0)] {
            let error = ended(said, Some(3)).status().expect_err("a crash");
            assert_eq!((error.exit, error.message.as_str()), (Exit::Unavailable, "the domain crashed"));
            assert_eq!(error.detail.as_deref(), Some("(XEN) d1v0 Triple fault\n(XEN) RIP: 1"));
        }
    }

    #[test]
    fn other_ends_say_what_they_are() {
        let message = |ended: Ended| ended.status().expect_err("no status").message;
        assert_eq!(message(ended(None, Some(0))), "the domain ended without a status of the unikernel's");
        assert_eq!(message(ended(None, Some(1))), "the domain was reset without a status of the unikernel's");
        assert_eq!(message(ended(None, None)), "`xl create` failed");
        let destroyed = Ended { words: "Domain 1 has been destroyed.\n".into(), ..ended(None, None) };
        assert_eq!(message(destroyed.clone()), "the domain was destroyed before the unikernel had stopped");
        let by_us = Ended { by_us: true, ..destroyed };
        assert_eq!(by_us.status().expect_err("ended").exit, Exit::Interrupted);
    }
}
