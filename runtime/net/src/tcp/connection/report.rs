//! What ICMP tells of a connection's packets (RFC 9293, 3.9.2.2), believed as far as RFC 5927 allows.

use super::state::{Connection, State};
use crate::Error;
use crate::tcp::Seq;

impl Connection {
    /// Whether `seq` is in flight: only then may somebody else have seen it (RFC 5927, 4.1).
    pub fn quotes(&self, seq: Seq) -> bool {
        self.state != State::Closed && seq.ge(self.sender.una) && seq.lt(self.sender.nxt)
    }

    /// The path takes segments of at most `mss` bytes (see [`Path::mss`](super::Path::mss)): what is larger is cut anew
    /// and sent again (RFC 1191, 6.4; RFC 8201, 5.4).
    pub fn path_mtu(&mut self, mss: u16) {
        if mss >= self.path.mss {
            return;
        }
        self.path.mss = mss;
        self.limit_mss();
        if self.is_synchronized() {
            self.recover_from_path();
        }
    }

    /// The peer cannot be reached, or (`hard`) nobody there takes TCP or the port. Either ends an attempt to connect: an
    /// application that waits has more of an answer than of patience (RFC 5461, 4.1). A connection that stands outlives
    /// both, for the one may pass, and anybody can say the other (RFC 1122, 4.2.3.9; RFC 5927, 5.2).
    pub fn unreachable(&mut self, hard: bool) {
        self.unreachable = true;
        if self.state == State::SynSent {
            self.state = State::Closed;
            self.error = Some(if hard { Error::ConnectionRefused } else { Error::Unreachable });
            self.sender.clear();
            self.arm();
        }
    }
}
