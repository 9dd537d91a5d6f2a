//! The sending half: what waits, what is in flight, and the peer's window.

use alloc::boxed::Box;

use mirage::time::Instant;

use super::congestion::Congestion;
use super::loss::{Losses, Recovery};
use super::rack::Rack;
use super::rtt::Rtt;
use super::scoreboard::Scoreboard;
use crate::tcp::Seq;
use crate::tcp::buffer::Sending;

/// The sending half of a connection.
#[derive(Debug)]
pub(super) struct Sender {
    /// Our initial sequence number.
    pub iss: Seq,
    /// The first octet that is not acknowledged (SND.UNA).
    pub una: Seq,
    /// The next octet to send (SND.NXT).
    pub nxt: Seq,
    /// The peer's window, in bytes (SND.WND), and the largest it ever was.
    pub window: u32,
    pub window_most: u32,
    /// The segment that window is from (SND.WL1, SND.WL2).
    pub wl1: Seq,
    pub wl2: Seq,
    /// How many bits the peer's windows are shifted.
    pub scale: u8,
    /// What the peer takes in a segment, in bytes.
    pub peer_mss: u16,
    /// What goes into a segment, options taken off, in bytes.
    pub mss: u16,
    /// A FIN follows what is queued.
    pub closing: bool,
    pub queue: Sending,
    pub board: Scoreboard,
    pub rtt: Rtt,
    pub congestion: Congestion,
    pub rack: Rack,
    /// The loss under repair, and those before it that may turn out to have been none.
    pub losses: Option<Box<Losses>>,
    /// The end of the last segment that was not full (the Minshall variant of Nagle's algorithm looks at it).
    pub small: Seq,
    /// What went out as a tail loss probe: where it ends, and whether it was sent before (RFC 8985, 7).
    pub tail: Option<(Seq, bool)>,
    /// Acknowledgments in a row that brought nothing, for peers without SACK (RFC 5681, 2).
    pub duplicates: u8,
    /// Time-outs in a row.
    pub backoff: u8,
    /// What the timers want sent.
    pub wanted: Wanted,
    /// An octet behind `nxt` went out to see whether the window is open.
    pub probed: bool,
    /// The congestion window is what holds the sender back.
    pub limited: bool,
    /// When the peer took something last, or something was sent while nothing was in flight.
    pub progress: Instant,
    /// When something was sent last.
    pub active: Instant,
}

/// What the timers want sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The SYN, with or without an ACK.
    pub syn: bool,
    /// A tail loss probe.
    pub tail: bool,
    /// An octet beyond the window.
    pub window: bool,
    /// Something that makes the peer answer.
    pub alive: bool,
}

impl Wanted {
    pub fn any(self) -> bool {
        self.syn || self.tail || self.window || self.alive
    }
}

impl Sender {
    pub fn new(now: Instant, iss: Seq, peer_mss: u16, mss: u16, cubic: bool) -> Self {
        Self {
            iss,
            una: iss,
            nxt: iss,
            window: 0,
            window_most: 0,
            wl1: Seq(0),
            wl2: iss,
            scale: 0,
            peer_mss,
            mss,
            closing: false,
            queue: Sending::new(iss + 1),
            board: Scoreboard::default(),
            rtt: Rtt::default(),
            congestion: Congestion::new(mss.into(), cubic),
            rack: Rack::new(iss),
            losses: None,
            small: iss,
            tail: None,
            duplicates: 0,
            backoff: 0,
            wanted: Wanted::default(),
            probed: false,
            limited: false,
            progress: now,
            active: now,
        }
    }

    /// Bytes sent and not acknowledged (FlightSize).
    pub fn flight(&self) -> u32 {
        self.nxt.distance(self.una)
    }

    /// Bytes believed to be on their way (pipe, RFC 6675).
    pub fn pipe(&self) -> u32 {
        let left = u32::from(self.duplicates).saturating_mul(u32::from(self.mss));
        self.flight().saturating_sub(self.board.sacked()).saturating_sub(self.board.lost()).saturating_sub(left)
    }

    /// The loss under repair.
    pub fn recovery_mut(&mut self) -> Option<&mut Recovery> {
        self.losses.as_mut()?.current()
    }

    /// Whether a loss is being repaired.
    pub fn is_recovering(&self) -> bool {
        self.losses.as_ref().is_some_and(|losses| losses.is_recovering())
    }

    /// Bytes queued and never sent.
    pub fn unsent(&self) -> u32 {
        u32::try_from(self.queue.end() - self.nxt).unwrap_or(0)
    }

    /// The FIN has been sent.
    pub fn fin_sent(&self) -> bool {
        self.closing && self.nxt.gt(self.queue.end())
    }

    /// The FIN waits to be sent.
    pub fn fin_waits(&self) -> bool {
        self.closing && !self.fin_sent()
    }

    /// The FIN has been acknowledged.
    pub fn fin_acknowledged(&self) -> bool {
        self.closing && self.una.gt(self.queue.end())
    }

    /// What the peer's window still takes, in bytes.
    pub fn usable(&self) -> u32 {
        u32::try_from((self.una + self.window) - self.nxt).unwrap_or(0)
    }

    /// Something waits that only a larger window lets out, with nothing in flight that would tell of one.
    pub fn is_shut(&self) -> bool {
        self.flight() == 0 && (self.unsent() > 0 || self.fin_waits())
    }

    /// Throws away everything.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.board.clear();
        self.losses = None;
        self.wanted = Wanted::default();
    }
}
