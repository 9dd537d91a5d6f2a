//! What the application does with a connection (RFC 9293, 3.10.2 to 3.10.5).

use super::state::{Connection, State};
use crate::Error;
use crate::tcp::buffer::{Chunk, Pool};
use crate::tcp::{Segment, Timestamps};

/// How much may always be queued for sending, in bytes, as far as the limit allows.
const SEND_LEAST: u32 = 32 * 1024;

impl Connection {
    /// Takes the front of what was received, to be read in place. It counts as waiting until it is
    /// [consumed](Self::consumed). What came before a connection failed can still be taken.
    pub fn take_received(&mut self) -> Option<Chunk> {
        self.receiver.pop()
    }

    /// The reader is done with `bytes` of what it took: the window opens. Whether that is worth telling the peer, by
    /// [`transmit`](Self::transmit).
    pub fn consumed(&mut self, bytes: usize) -> bool {
        let mss = u32::from(self.path.mss);
        let most = self.shared.config.receive_limit();
        let opened = self.receiver.consumed(self.now, bytes, mss, most);
        let listens = matches!(self.state, State::Established | State::FinWait1 | State::FinWait2);
        if opened && listens {
            self.receiver.due = true;
        }
        opened && listens
    }

    /// Whether there is something to take.
    pub fn is_readable(&self) -> bool {
        !self.receiver.is_empty()
    }

    /// Whether the peer has finished sending and everything was taken.
    pub fn is_finished(&self) -> bool {
        self.receiver.is_empty() && self.receiver.fin.is_some_and(|fin| self.receiver.nxt.gt(fin))
    }

    /// How many bytes may be queued for sending now: twice the congestion window may be in all.
    pub fn send_room(&self) -> usize {
        if self.sender.closing || self.state == State::Closed {
            return 0;
        }
        self.send_limit().saturating_sub(self.sender.queue.len()) as usize
    }

    fn send_limit(&self) -> u32 {
        self.sender.congestion.window.saturating_mul(2).max(SEND_LEAST).min(self.shared.config.send_limit())
    }

    /// Whether there is so much room that a writer is worth waking.
    pub(super) fn is_writable(&self) -> bool {
        self.send_room() >= (self.send_limit() / 4) as usize
    }

    /// Queues a chunk for sending.
    pub fn give(&mut self, chunk: Chunk) {
        if !self.sender.closing && self.state != State::Closed {
            self.sender.queue.push(chunk);
        }
    }

    /// Where the chunks come from.
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// Finishes sending: a FIN follows what is queued (RFC 9293, 3.10.4).
    pub fn close(&mut self) {
        match self.state {
            State::SynSent => {
                self.state = State::Closed;
                self.error = Some(Error::Closed);
                self.sender.clear();
                self.arm();
                return;
            }
            State::Established => self.state = State::FinWait1,
            State::CloseWait => self.state = State::LastAck,
            State::SynReceived => {}
            _ => return,
        }
        self.sender.closing = true;
    }

    /// Nobody reads any more: what was not read is thrown away, and what still comes ends the connection.
    /// Returns whether there was any: then the peer is to be told by an [`abort`](Self::abort) (RFC 2525, 2.17).
    pub fn stop_receiving(&mut self) -> bool {
        self.deaf = true;
        self.receiver.clear()
    }

    /// Ends the connection at once: the RST to send, if one is due (RFC 9293, 3.10.5).
    pub fn abort(&mut self) -> Option<Segment> {
        let due = !matches!(self.state, State::Closed | State::SynSent | State::TimeWait);
        self.state = State::Closed;
        self.error = Some(Error::Closed);
        self.sender.clear();
        self.arm();
        let stamps = Timestamps { value: self.stamps.of(self.now), echo: self.stamps.recent };
        let timestamps = self.stamps.on.then_some(stamps);
        due.then(|| Segment {
            seq: self.sender.nxt,
            ack: Some(self.receiver.nxt),
            rst: true,
            timestamps,
            ..Segment::default()
        })
    }

    /// Has the acknowledgment sent that [`Changes::challenge`](super::Changes::challenge) asks for.
    pub fn challenge(&mut self) {
        self.receiver.due = self.state != State::Closed;
    }
}
