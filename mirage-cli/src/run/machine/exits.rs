//! What a monitor's end says of the image's.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::monitor::Monitor;
use crate::error::{Error, Exit};
use crate::run::process::status_of;

/// How a monitor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its own status.
    pub status: ExitStatus,
    /// The status that the image said last on its console, where that is its way out.
    pub said: Option<u8>,
    /// What the monitor wrote to its standard error.
    pub words: String,
    /// What we had to do with it.
    pub ours: Ours,
}

/// What we had to do with a monitor's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// Nothing.
    Nothing,
    /// Its machine was told to stop.
    Asked,
    /// It was ended by us.
    Ended,
}

impl Ended {
    /// The image's status.
    ///
    /// # Errors
    /// [`Exit::Interrupted`] if we ended the monitor before the image had; [`Exit::Unavailable`] with the monitor's words
    /// when it ended by itself.
    pub fn status(self, monitor: Monitor) -> Result<u8, Error> {
        let own = match monitor {
            Monitor::Qemu => self.status.code().and_then(by_device),
            Monitor::Firecracker | Monitor::CloudHypervisor => self.said,
        };
        let program = monitor.program();
        match own {
            Some(status) => Ok(status),
            // Who is told to stop before there is anybody to be told stops as well.
            None if self.ours == Ours::Ended || (self.ours == Ours::Asked && self.status.success()) => {
                Err(Error::new(Exit::Interrupted, "ended before the unikernel had stopped"))
            }
            None if self.status.success() => {
                Err(Error::new(Exit::Unavailable, format!("`{program}` ended without a status of the unikernel's"))
                    .detail(self.words)
                    .hint("the machine was reset or switched off, or the image is not one that `mirage` built"))
            }
            None => {
                let how = match self.status.signal() {
                    Some(signal) => format!("was ended by signal {signal}"),
                    None => format!("failed (exit status {})", status_of(self.status)),
                };
                Err(Error::new(Exit::Unavailable, format!("`{program}` {how}")).detail(self.words))
            }
        }
    }
}

/// The status that was written to the exit device: QEMU ends with twice what is written there and one, and images write
/// 16 and their status, so that none is QEMU's own.
fn by_device(code: i32) -> Option<u8> {
    let written = code.checked_sub(1).filter(|twice| twice % 2 == 0)? / 2;
    u8::try_from(written.checked_sub(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32) -> Ended {
        Ended { status: ExitStatus::from_raw(code << 8), said: None, words: "why\n".into(), ours: Ours::Nothing }
    }

    #[test]
    fn every_status_comes_through_qemu() {
        for status in 0..=111 {
            assert_eq!(ended(33 + 2 * i32::from(status)).status(Monitor::Qemu), Ok(status));
        }
    }

    #[test]
    fn what_qemu_itself_says_is_no_status() {
        for code in [0, 1, 2, 3, 31, 32, 34, 127, 254].into_iter().filter(|code| code % 2 == 0 || *code < 33) {
            let error = ended(code).status(Monitor::Qemu).expect_err("QEMU's own");
            assert_eq!((error.exit, error.detail.as_deref()), (Exit::Unavailable, Some("why\n")), "{code}");
        }
        let killed = Ended { status: ExitStatus::from_raw(11), ..ended(0) };
        let error = killed.status(Monitor::Qemu).expect_err("a signal");
        assert_eq!(error.message, "`qemu-system-x86_64` was ended by signal 11");
        for (code, ours, exit) in [
            (0, Ours::Ended, Exit::Interrupted),
            (1, Ours::Ended, Exit::Interrupted),
            (0, Ours::Asked, Exit::Interrupted),
            (1, Ours::Asked, Exit::Unavailable),
        ] {
            let ended = Ended { ours, ..ended(code) };
            assert_eq!(ended.status(Monitor::Qemu).expect_err("no status").exit, exit);
        }
        assert_eq!(Ended { ours: Ours::Asked, ..ended(33) }.status(Monitor::Qemu), Ok(0));
    }

    #[test]
    fn others_say_it_on_the_console() {
        let said = Ended { said: Some(101), ..ended(0) };
        assert_eq!(said.clone().status(Monitor::Firecracker), Ok(101));
        assert_eq!(said.status(Monitor::CloudHypervisor), Ok(101));
        assert!(ended(0).status(Monitor::Firecracker).is_err());
    }
}
