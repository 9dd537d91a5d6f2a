//! What a connection is told at its beginning, and what it tells.

use core::time::Duration;

use crate::tcp::Seq;
use crate::tcp::buffer::Pool;

/// What an application may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whether small segments wait until the small one before was acknowledged (RFC 9293, 3.7.4).
    pub nagle: bool,
    /// After how much silence the peer is asked whether it is still there (RFC 9293, 3.8.4); never, if none.
    pub keep_alive: Option<Duration>,
    /// How long octets may stay unacknowledged until the connection is given up (RFC 5482), a SYN among them.
    pub user_timeout: Duration,
    /// How far the receive buffer may grow, in bytes; up to 1 GiB (RFC 7323, 2.3).
    pub receive_most: usize,
    /// How far the send buffer may grow, in bytes; up to 1 GiB.
    pub send_most: usize,
    /// Congestion control by CUBIC (RFC 9438); by NewReno (RFC 5681, RFC 6582) if not.
    pub cubic: bool,
}

impl Default for Config {
    /// Nagle's algorithm on, no keep-alive, 3 minutes (RFC 9293, 3.8.3 wants as many for a SYN), buffers of up to 4 MiB,
    /// CUBIC.
    fn default() -> Self {
        Self {
            nagle: true,
            keep_alive: None,
            user_timeout: Duration::from_secs(180),
            receive_most: 4 << 20,
            send_most: 4 << 20,
            cubic: true,
        }
    }
}

impl Config {
    /// The window to announce on a SYN, which is never scaled (RFC 7323, 2.2).
    pub fn first_window(&self) -> u16 {
        u16::try_from(self.receive_most).unwrap_or(u16::MAX)
    }

    /// The window scale to announce: the smallest that can express the largest window (RFC 7323, 2.3).
    pub fn scale(&self) -> u8 {
        (0..14).find(|scale| self.receive_limit() >> scale <= 0xffff).unwrap_or(14)
    }

    pub(super) fn receive_limit(&self) -> u32 {
        u32::try_from(self.receive_most).unwrap_or(u32::MAX).min(1 << 30)
    }

    pub(super) fn send_limit(&self) -> u32 {
        u32::try_from(self.send_most).unwrap_or(u32::MAX).min(1 << 30)
    }
}

/// What connections have in common; each knows where it stands.
#[derive(Debug, Default)]
pub struct Shared {
    /// What the application has chosen.
    pub config: Config,
    /// Where the chunks come from.
    pub pool: Pool,
}

/// What is known of the way to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The largest segment the path takes, in bytes: its MTU without the fixed headers of IP and TCP (RFC 6691).
    pub mss: u16,
    /// How many bytes of payload the device takes at once to cut them into segments; 0: it cuts nothing, also when `mss`
    /// shrinks later.
    pub segment_most: u32,
}

/// What a listener has negotiated with the peer before there was a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Our initial sequence number.
    pub iss: Seq,
    /// The peer's.
    pub irs: Seq,
    /// The largest segment the peer takes, in bytes.
    pub peer_mss: u16,
    /// The peer's window, in bytes.
    pub peer_window: u32,
    /// The peer's window scale, if it scales.
    pub peer_scale: Option<u8>,
    /// Ours, if the peer scales.
    pub our_scale: u8,
    /// Both understand SACK.
    pub sack: bool,
    /// The last timestamp the peer sent, if both use them.
    pub timestamps: Option<u32>,
    /// What is added to our clock's milliseconds to make a timestamp.
    pub timestamp_offset: u32,
    /// How long the peer took to answer our SYN-ACK, if that is known.
    pub round_trip: Option<Duration>,
}

/// What has changed for those around a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// There is more to read, or the end of it.
    pub readable: bool,
    /// There is room to write again.
    pub writable: bool,
    /// It stands now.
    pub opened: bool,
    /// The peer has finished sending.
    pub closed: bool,
    /// It is over, [`Connection::error`](super::Connection::error) says why.
    pub failed: bool,
    /// [`Connection::transmit`](super::Connection::transmit) has something to do.
    pub dirty: bool,
    /// The segment deserves a challenge ACK (RFC 5961): [`Connection::challenge`](super::Connection::challenge) has it
    /// sent, if the limit for all connections leaves one.
    pub challenge: bool,
    /// The segment is to be answered with a RST, as if there was no connection (RFC 9293, 3.10.7.1).
    pub refuse: bool,
}

/// What remains of a connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWait {
    /// The number of our next octet, behind the FIN.
    pub seq: Seq,
    /// The number of the peer's next octet, behind its FIN.
    pub ack: Seq,
    /// The window announced last, as it stands in a header.
    pub window: u16,
    /// The last timestamp the peer sent, if both use them.
    pub timestamp: Option<u32>,
    /// What is added to our clock's milliseconds to make a timestamp.
    pub timestamp_offset: u32,
}
