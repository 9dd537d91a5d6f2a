//! What a device does with frames that came: look at checksums, make one of the segments of one connection.

use mirage::Received;

use super::headers::{self, Transport, long, put, word};

const ACK: u8 = 16;
const PSH: u8 = 8;
/// The largest packet that segments are made into (RFC 791).
const LARGEST: usize = 65_535;

/// A frame that came, and what the device knows of it.
pub struct Coming {
    pub frame: Vec<u8>,
    pub received: Received,
    /// Where TCP is, if more may be appended.
    open: Option<Transport>,
}

impl Coming {
    /// A frame as it came from the wire, through a device that knows nothing.
    pub fn plain(frame: Vec<u8>) -> Self {
        Self { frame, received: Received::default(), open: None }
    }

    /// A frame as it came from the wire, through a device that looks at checksums.
    pub fn checked(frame: Vec<u8>) -> Self {
        let place = headers::transport(&frame).filter(|place| place.is_good(&frame));
        let received = Received { checksum: place.is_some(), segment: 0 };
        let open = place.filter(|place| {
            place.tcp
                && place.payload < place.segment.end
                && frame[place.segment.start + 13] == ACK
                && (place.v6 || place.segment.start == place.ip + 20)
        });
        Self { frame, received, open }
    }

    /// Appends the segment of `next` if it is the next of the same connection; returns whether it is.
    pub fn append(&mut self, next: &[u8]) -> bool {
        let Some(mine) = &self.open else { return false };
        let Some(place) = headers::transport(next).filter(|place| self.continues(mine, place, next)) else {
            return false;
        };
        let size = match self.received.segment {
            0 => u16::try_from(mine.segment.end - mine.payload).unwrap_or(u16::MAX),
            size => size,
        };
        let piece = &next[place.payload..place.segment.end];
        if piece.len() > usize::from(size) || mine.segment.end - mine.ip + piece.len() > LARGEST {
            return false;
        }
        let mut mine = mine.clone();
        self.frame.truncate(mine.segment.end);
        self.frame.extend_from_slice(piece);
        mine.segment.end = self.frame.len();
        mine.fit(&mut self.frame);
        // As a device leaves it that has found the parts good: only the pseudo-header is in it.
        let pseudo_header = mine.pseudo_header(&self.frame, mine.segment.len());
        put(&mut self.frame, mine.checksum(), pseudo_header);
        let pushed = next[place.segment.start + 13] & PSH;
        self.frame[mine.segment.start + 13] |= pushed;
        self.received.segment = size;
        // A shorter segment, or a pushed one, is the last.
        self.open = Some(mine).filter(|_| pushed == 0 && piece.len() == usize::from(size));
        true
    }

    /// Whether `next` is good, begins where this ends, and differs in nothing else that matters.
    fn continues(&self, mine: &Transport, place: &Transport, next: &[u8]) -> bool {
        let (a, b) = (mine.segment.start, place.segment.start);
        let length = u32::try_from(mine.segment.end - mine.payload).unwrap_or(u32::MAX);
        let addresses = if mine.v6 { mine.ip + 6..a } else { mine.ip + 8..mine.ip + 10 };
        place.tcp
            && (a, mine.payload, mine.v6) == (b, place.payload, place.v6)
            && place.payload < place.segment.end
            && self.frame[..mine.ip + 2] == next[..place.ip + 2]
            && self.frame[addresses.clone()] == next[addresses]
            && (mine.v6 || self.frame[mine.ip + 12..a] == next[place.ip + 12..b])
            && self.frame[a..a + 4] == next[b..b + 4]
            && long(&self.frame, a + 4).wrapping_add(length) == long(next, b + 4)
            && self.frame[a + 8..a + 13] == next[b + 8..b + 13]
            && next[b + 13] & !PSH == ACK
            && word(&self.frame, a + 14) == word(next, b + 14)
            && self.frame[a + 18..mine.payload] == next[b + 18..place.payload]
            && place.is_good(next)
    }
}
