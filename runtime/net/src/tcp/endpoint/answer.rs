//! Segments that answer others without a connection behind them.

use mirage::time::Instant;

use crate::tcp::connection::Config;
use crate::tcp::guard::cookie;
use crate::tcp::table::{Closed, HalfOpen};
use crate::tcp::{Segment, Seq, Timestamps};

/// The clock timestamps are made of, before a connection's offset: milliseconds (RFC 7323 section 5.4).
pub fn clock(now: Instant) -> u32 {
    (now.as_nanos() / 1_000_000) as u32
}

/// What a segment to nobody is answered with (RFC 9293 section 3.10.7.1): a RST, and a RST with nothing.
pub fn refusal(segment: &Segment, payload: usize) -> Option<Segment> {
    let rst = Segment { rst: true, ..Segment::default() };
    match (segment.rst, segment.ack) {
        (true, _) => None,
        (false, Some(ack)) => Some(Segment { seq: ack, ..rst }),
        (false, None) => Some(Segment { ack: Some(segment.seq + segment.length(payload)), ..rst }),
    }
}

/// The SYN-ACK of a handshake (RFC 9293 section 3.10.7.2). Options are those the peer has sent.
pub fn syn_ack(half: &HalfOpen, config: &Config, mss: u16, clock: u32) -> Segment {
    Segment {
        seq: half.iss,
        ack: Some(half.irs + 1),
        syn: true,
        window: config.first_window(),
        mss: Some(mss),
        window_scale: half.scale.map(|_| config.scale()),
        sack_permitted: half.sack,
        timestamps: half.timestamps.then_some(Timestamps { value: clock, echo: half.echo }),
        ..Segment::default()
    }
}

/// The same for one that the peer is to remember, whose options hide in the timestamp.
pub fn syn_ack_with_cookie(half: &HalfOpen, iss: Seq, config: &Config, mss: u16, clock: u32) -> Segment {
    // Without timestamps there is no place for what the other options say.
    let half = if half.timestamps { *half } else { HalfOpen { scale: None, sack: false, ..*half } };
    syn_ack(&HalfOpen { iss, ..half }, config, mss, cookie::stamp(&half, clock))
}

/// An ACK that repeats where a handshake stands.
pub fn half_open(half: &HalfOpen, config: &Config, clock: u32) -> Segment {
    Segment {
        seq: half.iss + 1,
        syn: false,
        mss: None,
        window_scale: None,
        sack_permitted: false,
        ..syn_ack(half, config, 0, clock)
    }
}

/// An ACK from TIME-WAIT (RFC 9293 section 3.10.7.4).
pub fn time_wait(closed: &Closed, clock: u32) -> Segment {
    Segment {
        seq: closed.sent,
        ack: Some(closed.received),
        window: closed.window,
        timestamps: closed.timestamps.then_some(Timestamps { value: clock, echo: closed.echo }),
        ..Segment::default()
    }
}
