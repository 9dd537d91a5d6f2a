//! Packet scripts: what the peer sends, at which time, and what is expected in answer, written as tcpdump would.
//!
//! Numbers are relative: ours to our SYN, the peer's to its SYN, so the first octet is 1.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use core::time::Duration;

use mirage::Refused;
use mirage::time::Instant;

use crate::tcp::connection::{Changes, Config, Connection, Handshake, Path, Shared};
use crate::tcp::{Sack, Segment, Seq, Timestamps, Words};

/// Ours and the peer's initial sequence number: close to the end, so that every script wraps around.
pub const ISS: Seq = Seq(u32::MAX - 1500);
pub const IRS: Seq = Seq(u32::MAX - 700);
pub const MSS: u16 = 1000;

pub struct Script {
    pub connection: Connection,
    pub now: Instant,
    /// The changes of the last call.
    pub changes: Changes,
    /// Whether the device has no room.
    pub full: bool,
    out: Vec<(Segment, usize, u16)>,
}

/// What a script's peer and path are like.
#[derive(Clone, Copy)]
pub struct Setting {
    pub config: Config,
    pub window: u32,
    pub scale: Option<u8>,
    pub sack: bool,
    pub timestamps: bool,
    pub segment_most: u32,
}

impl Default for Setting {
    fn default() -> Self {
        Self { config: Config::default(), window: 64_000, scale: None, sack: true, timestamps: false, segment_most: 0 }
    }
}

impl Script {
    pub fn connect(config: Config) -> Self {
        let now = Instant::START + Duration::from_secs(100);
        let path = Path { mss: MSS, segment_most: 0 };
        let connection = Connection::connect(now, ISS, 7, path, shared(config));
        Self { connection, now, changes: Changes::default(), full: false, out: Vec::new() }
    }

    pub fn accepted(setting: Setting) -> Self {
        let now = Instant::START + Duration::from_secs(100);
        let path = Path { mss: MSS, segment_most: setting.segment_most };
        let handshake = Handshake {
            iss: ISS,
            irs: IRS,
            peer_mss: MSS,
            peer_window: setting.window,
            peer_scale: setting.scale,
            our_scale: setting.config.scale(),
            sack: setting.sack,
            timestamps: setting.timestamps.then_some(500),
            timestamp_offset: 7,
            round_trip: None,
        };
        let connection = Connection::accepted(now, handshake, path, shared(setting.config));
        Self { connection, now, changes: Changes::default(), full: false, out: Vec::new() }
    }

    pub fn established() -> Self {
        Self::accepted(Setting::default())
    }

    /// Lets `milliseconds` pass, timers going off meanwhile.
    pub fn wait(&mut self, milliseconds: u64) -> &mut Self {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(due) = self.connection.deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.changes = self.connection.expire(self.now);
            self.send();
        }
        self.now = end;
        self
    }

    /// A segment comes from the peer, and everything due is sent.
    pub fn peer(&mut self, segment: Segment, payload: usize) -> &mut Self {
        self.peer_quietly(segment, payload);
        self.send()
    }

    /// The same without sending: more comes in the same batch.
    pub fn peer_quietly(&mut self, segment: Segment, payload: usize) -> &mut Self {
        let first = segment.seq - IRS;
        let bytes: Vec<u8> = (0..payload).map(|at| octet(first as u32 + at as u32)).collect();
        self.changes = self.connection.input(self.now, &segment, &bytes, 0);
        if self.changes.challenge {
            self.connection.challenge();
        }
        self
    }

    /// Everything due is sent.
    pub fn send(&mut self) -> &mut Self {
        let (full, out) = (self.full, &mut self.out);
        let outcome = self.connection.transmit(self.now, &mut |segment, parts, size| {
            if full {
                return Err(Refused::Full);
            }
            let mut words = Words::new();
            let header = segment.emit(&mut words);
            assert_eq!(Segment::parse(header), Some((*segment, header.len())), "it must fit a header");
            let first = segment.seq - ISS;
            let bytes = parts.concat();
            for (at, &byte) in bytes.iter().enumerate() {
                assert_eq!(byte, octet(first as u32 + at as u32), "octet {}", first as usize + at);
            }
            out.push((*segment, bytes.len(), size));
            Ok(())
        });
        assert_eq!(outcome.is_err(), full && outcome.is_err());
        self
    }

    /// The application writes, and everything due is sent.
    pub fn write(&mut self, length: usize) -> &mut Self {
        self.write_quietly(length);
        self.send()
    }

    pub fn write_quietly(&mut self, length: usize) -> &mut Self {
        let mut first = self.connection.sender.queue.end() - ISS;
        let end = first + i32::try_from(length).expect("short");
        while first < end {
            let mut chunk = self.connection.pool().take();
            while first < end && chunk.room() > 0 {
                chunk.append(&[octet(first as u32)]);
                first += 1;
            }
            self.connection.give(chunk);
        }
        self
    }

    /// The application reads all there is, and everything due is sent; how many octets it read.
    pub fn read(&mut self) -> usize {
        let mut first = 0;
        while let Some(chunk) = self.connection.take_received() {
            first += chunk.len();
            self.connection.consumed(chunk.len());
        }
        self.send();
        first
    }

    pub fn close(&mut self) -> &mut Self {
        self.connection.close();
        self.send()
    }

    /// What was sent since it was asked last.
    pub fn sent(&mut self) -> Vec<Segment> {
        self.out.drain(..).map(|(segment, ..)| segment).collect()
    }

    /// Checks what was sent since the last time.
    #[track_caller]
    pub fn expect(&mut self, expected: &[&str]) -> &mut Self {
        let sent: Vec<String> =
            self.out.drain(..).map(|(segment, length, size)| text(&segment, length, size)).collect();
        assert_eq!(sent, expected);
        self
    }

    #[track_caller]
    pub fn expect_nothing(&mut self) -> &mut Self {
        self.expect(&[])
    }
}

fn shared(config: Config) -> Rc<Shared> {
    Rc::new(Shared { config, ..Shared::default() })
}

/// The content of an octet, so that every one is checked for its place.
pub fn octet(at: u32) -> u8 {
    (at % 251) as u8
}

/// A segment of the peer: numbers relative, with the window used if no other is said.
pub fn from_peer(seq: u32, ack: u32) -> Segment {
    Segment { seq: IRS + seq, ack: Some(ISS + ack), window: 64_000, ..Segment::default() }
}

pub fn sack(segment: Segment, blocks: &[(u32, u32)]) -> Segment {
    let mut sack = Sack::default();
    blocks.iter().for_each(|&(left, right)| sack.push((ISS + left, ISS + right)));
    Segment { sack, ..segment }
}

pub fn stamped(segment: Segment, value: u32, echo: u32) -> Segment {
    Segment { timestamps: Some(Timestamps { value, echo }), ..segment }
}

/// As tcpdump writes it: flags, numbers and length, acknowledgment, blocks; `win 0` only if there is no window; `tso` the
/// size of the pieces.
fn text(segment: &Segment, length: usize, size: u16) -> String {
    let mut text = String::new();
    for (is, flag) in
        [(segment.syn, 'S'), (segment.fin, 'F'), (segment.rst, 'R'), (segment.psh, 'P'), (segment.ack.is_some(), '.')]
    {
        if is {
            text.push(flag);
        }
    }
    let first = segment.seq - ISS;
    let _ = if length > 0 {
        write!(text, " {first}:{}({length})", first as usize + length)
    } else {
        write!(text, " {first}")
    };
    if let Some(ack) = segment.ack {
        let _ = write!(text, " ack {}", ack - IRS);
    }
    if segment.window == 0 {
        text.push_str(" win 0");
    }
    if !segment.sack.is_empty() {
        let blocks: Vec<String> =
            segment.sack.blocks().iter().map(|&(left, right)| format!("{}-{}", left - IRS, right - IRS)).collect();
        let _ = write!(text, " sack {}", blocks.join(" "));
    }
    if size > 0 {
        text.push_str(&[" tso ", &size.to_string()].concat());
    }
    text
}
