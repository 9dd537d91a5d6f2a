//! The states of a connection and all that it remembers.

use alloc::rc::Rc;
use core::time::Duration;

use mirage::time::Instant;

use super::config::{Handshake, Path, Shared, TimeWait};
use super::congestion::{Congestion, initial_window};
use super::receiver::Receiver;
use super::sender::Sender;
use super::timers::Timers;
use crate::Error;
use crate::tcp::Seq;

/// RFC 9293, 3.3.2. LISTEN is not one of a connection here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// There is no connection (any more).
    Closed,
    /// We asked for one.
    SynSent,
    /// Both asked at the same time.
    SynReceived,
    /// It stands.
    Established,
    /// We have finished sending, the peer does not know yet.
    FinWait1,
    /// We have finished sending, and the peer knows.
    FinWait2,
    /// The peer has finished sending.
    CloseWait,
    /// Both have, at the same time; the peer does not know of us yet.
    Closing,
    /// Both have, the peer first; it does not know of us yet.
    LastAck,
    /// Both have, and know it.
    TimeWait,
}

/// A connection: RFC 9293's transmission control block.
#[derive(Debug)]
pub struct Connection {
    pub(super) state: State,
    pub(super) error: Option<Error>,
    /// Somebody on the way said that the peer cannot be reached; it may pass.
    pub(super) unreachable: bool,
    /// Both understand SACK.
    pub(super) sack: bool,
    /// Nobody reads any more.
    pub(super) deaf: bool,
    /// Questions whether the peer is still there that it has not answered.
    pub(super) questions: u8,
    pub(super) path: Path,
    pub(super) shared: Rc<Shared>,
    /// The time as it was told last.
    pub(super) now: Instant,
    /// When the peer was heard last.
    pub(super) heard: Instant,
    pub(super) stamps: Stamps,
    pub(super) timers: Timers,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
}

/// Timestamps (RFC 7323, 3 and 5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamps {
    /// Both use them.
    pub on: bool,
    /// What is added to our clock's milliseconds.
    pub offset: u32,
    /// The peer's to echo (TS.Recent).
    pub recent: u32,
}

impl Stamps {
    /// The timestamp of something sent at `at`, in milliseconds.
    pub fn of(&self, at: Instant) -> u32 {
        // A clock of milliseconds wraps in 49 days, as a timestamp may (RFC 7323, 5.4).
        ((at.as_nanos() / 1_000_000) as u32).wrapping_add(self.offset)
    }
}

/// RFC 9293, 3.7.1: what a peer takes that says nothing.
pub(super) const DEFAULT_MSS: u16 = 536;
/// What the timestamps option takes of every segment, in bytes.
const STAMP: u16 = 12;
/// However small an MSS somebody claims, segments are not smaller than this, in bytes.
const LEAST_MSS: u16 = 64;

impl Connection {
    /// Opens a connection; [`transmit`](Self::transmit) sends the SYN (RFC 9293, 3.10.1).
    pub fn connect(now: Instant, iss: Seq, timestamp_offset: u32, path: Path, shared: Rc<Shared>) -> Self {
        let config = &shared.config;
        let receiver = Receiver::new(now, Seq(0), u32::from(config.first_window()), config.scale());
        let stamps = Stamps { on: false, offset: timestamp_offset, recent: 0 };
        let mut sender = Sender::new(now, iss, DEFAULT_MSS, path.mss, config.cubic);
        sender.wanted.syn = true;
        Self::new(now, State::SynSent, stamps, path, shared, sender, receiver)
    }

    /// A connection whose handshake a listener has had.
    pub fn accepted(now: Instant, handshake: Handshake, path: Path, shared: Rc<Shared>) -> Self {
        let config = &shared.config;
        let window = u32::from(config.first_window());
        let scale = if handshake.peer_scale.is_some() { handshake.our_scale } else { 0 };
        let receiver = Receiver::new(now, handshake.irs + 1, window, scale);
        let on = handshake.timestamps.is_some();
        let stamps = Stamps { on, offset: handshake.timestamp_offset, recent: handshake.timestamps.unwrap_or(0) };
        let mut sender = Sender::new(now, handshake.iss, handshake.peer_mss, path.mss, config.cubic);
        sender.una = handshake.iss + 1;
        sender.nxt = sender.una;
        sender.scale = handshake.peer_scale.unwrap_or(0).min(14);
        sender.window = handshake.peer_window;
        sender.window_most = handshake.peer_window;
        sender.wl1 = handshake.irs;
        sender.wl2 = sender.una;
        if let Some(took) = handshake.round_trip {
            sender.rtt.sample(took);
        }
        let mut connection = Self::new(now, State::Established, stamps, path, shared, sender, receiver);
        connection.sack = handshake.sack;
        connection.settle_mss();
        connection
    }

    fn new(
        now: Instant,
        state: State,
        stamps: Stamps,
        path: Path,
        shared: Rc<Shared>,
        sender: Sender,
        receiver: Receiver,
    ) -> Self {
        Self {
            state,
            error: None,
            unreachable: false,
            sack: false,
            deaf: false,
            questions: 0,
            path,
            shared,
            now,
            heard: now,
            stamps,
            timers: Timers::NONE,
            sender,
            receiver,
        }
    }

    /// Both sides' limits are known: the size of a full segment (RFC 6691), and the window it makes (RFC 6928).
    pub(super) fn settle_mss(&mut self) {
        self.limit_mss();
        self.sender.congestion = Congestion::new(self.sender.mss.into(), self.shared.config.cubic);
        if self.sender.backoff > 0 {
            // RFC 5681, 3.1: one segment, when the SYN got lost.
            self.sender.congestion.window = initial_window(self.sender.mss.into()).min(self.sender.mss.into());
        }
    }

    pub(super) fn limit_mss(&mut self) {
        let options = if self.stamps.on { STAMP } else { 0 };
        let most = self.sender.peer_mss.min(self.path.mss);
        self.sender.mss = most.saturating_sub(options).max(LEAST_MSS);
    }

    /// Something from each of its cache lines: whoever asks has all of them fetched at once.
    pub fn glance(&self) -> u64 {
        let Self { state, heard, timers, sender, receiver, .. } = self;
        u64::from(*state as u8)
            ^ heard.as_nanos()
            ^ u64::from(timers.reorder.is_set())
            ^ u64::from(sender.una.0 ^ sender.congestion.window ^ sender.small.0 ^ sender.board.lost())
            ^ u64::from(sender.board.front().is_some())
            ^ sender.active.as_nanos()
            ^ u64::from(receiver.nxt.0 ^ receiver.occupied ^ receiver.acknowledged.0)
            ^ u64::from(receiver.is_empty())
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it is over, if it did not end as both wished.
    pub fn error(&self) -> Option<Error> {
        self.error
    }

    /// Octets and a FIN can go both ways, or one, with the peer's number known.
    pub(super) fn is_synchronized(&self) -> bool {
        !matches!(self.state, State::Closed | State::SynSent | State::SynReceived)
    }

    /// What remains of it in TIME-WAIT.
    pub fn time_wait(&self) -> TimeWait {
        TimeWait {
            seq: self.sender.nxt,
            ack: self.receiver.nxt,
            window: self.receiver.announced(),
            timestamp: self.stamps.on.then_some(self.stamps.recent),
            timestamp_offset: self.stamps.offset,
        }
    }

    /// The smoothed round-trip time, once there was a sample.
    pub fn round_trip(&self) -> Option<Duration> {
        self.sender.rtt.smoothed()
    }
}
