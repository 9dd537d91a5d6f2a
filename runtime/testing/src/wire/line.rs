//! A port's cable, seen from outside: its conditions, its counters, a knife.

use std::path::Path;
use std::rc::Rc;

use mirage::MacAddress;

use super::Conditions;
use super::port::End;

/// The line between one [`Port`](super::Port) and the wire, in both directions. It stays in the test's hands when the
/// port has gone into a stack; all clones are one line.
#[derive(Clone)]
pub struct Line(pub(super) Rc<End>);

/// What became of the frames of one direction of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Frames that were sent into it.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Lost as [`Conditions::loss`] wants it, or because the line is cut.
    pub lost: u64,
    /// Lost because the queue was full.
    pub overflowed: u64,
    /// Sent twice.
    pub duplicated: u64,
    /// Sent with a bit flipped.
    pub corrupted: u64,
    /// Sent late, so that others overtook.
    pub late: u64,
}

impl Line {
    /// The hardware address of the port.
    pub fn mac(&self) -> MacAddress {
        self.0.mac
    }

    /// What happens from now on to frames that the port sends, before they reach the switch.
    pub fn sending(&self, conditions: Conditions) {
        self.0.up.borrow_mut().conditions = conditions;
    }

    /// What happens from now on to frames on the way from the switch to the port, in the place of what was said for
    /// [the whole wire](super::Wire::conditions).
    pub fn receiving(&self, conditions: Conditions) {
        self.0.down.borrow_mut().conditions = conditions;
    }

    /// Pulls the plug: nothing passes until the line is [mended](Self::mend), and what is under way is lost.
    pub fn cut(&self) {
        self.0.cut.set(true);
        self.0.forget();
    }

    /// Plugs it in again.
    pub fn mend(&self) {
        self.0.cut.set(false);
    }

    /// What became of the frames the port sent.
    pub fn sent(&self) -> Counters {
        self.0.up.borrow().counters
    }

    /// What became of the frames that were sent to the port. One that has not reached the switch yet does not count.
    pub fn received(&self) -> Counters {
        self.0.down.borrow().counters
    }

    /// Writes what the port sends and receives from now on to `path` when the test ends, in pcap format.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn capture(&self, path: impl AsRef<Path>) {
        self.0.capture.to(path.as_ref());
    }
}
