//! Receiving: pages the back end writes frames into, which are copied out and given to it again at once.

use alloc::vec::Vec;

use mirage::Received;

use super::FRAME_MOST;
use super::ring::{Broken, Ring, SLOTS};
use crate::grant::Grant;
use crate::page::{LENGTH, Shared};

/// Pages for frames to come: two of 64 KiB have room many times over.
pub const PAGES: usize = 128;
/// Bytes of a request, and of a response.
const REQUEST: usize = 8;

/// Flags of a response: its checksum was looked at, or is yet to be filled in; more of it follows, more about it.
const CHECKED: u16 = 1;
const BLANK: u16 = 2;
const MORE: u16 = 4;
const EXTRA: u16 = 8;
/// What follows about a frame: that it was put together; and that more of this kind follows.
const SEGMENTS: u8 = 1;
const EXTRA_MORE: u8 = 1;
/// Pieces a frame has at most, and what may follow about one.
const PIECES: usize = 24;

/// The receiving side of an interface.
pub struct Receive {
    ring: Ring,
    pages: Vec<(Shared, Grant)>,
    /// The page each slot was given.
    given: [u16; SLOTS as usize],
    /// The frame being put together.
    frame: Vec<u8>,
    received: Received,
    pieces: usize,
    /// What the next response is.
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Frame,
    /// More about it; and whether more of it follows then.
    Extra(bool),
    Piece,
}

impl Receive {
    /// The ring in `page`, filled with pages the domain `other` may write.
    pub fn new(page: Shared, other: u16, pages: &[Shared]) -> Option<Self> {
        let pages: Option<Vec<_>> =
            pages.iter().map(|&page| Grant::new(other, page, false).map(|grant| (page, grant))).collect();
        let (ring, expected) = (Ring::new(page, REQUEST), Expected::Frame);
        let (frame, received, given) = (Vec::new(), Received::default(), [0; SLOTS as usize]);
        let mut receive = Self { ring, pages: pages?, given, frame, received, pieces: 0, expected };
        (0..receive.pages.len()).for_each(|page| receive.give(page as u16));
        Some(receive)
    }

    /// Takes the pages back; those the back end has in use stay granted.
    pub fn end(&self) {
        self.pages.iter().for_each(|(_, grant)| _ = grant.end());
    }

    fn give(&mut self, page: u16) {
        let slot = self.ring.next();
        let Some((_, grant)) = self.pages.get(usize::from(page)) else { return };
        if let Some(given) = self.given.get_mut(usize::from(slot)) {
            *given = page;
        }
        let [a, b, c, d] = grant.reference().to_le_bytes();
        // A request's number is its slot: so that one without a response of its own is known by its place.
        let [low, high] = slot.to_le_bytes();
        self.ring.put(&[low, high, 0, 0, a, b, c, d]);
    }

    /// Hands on at most `most` frames; returns how many there were.
    ///
    /// # Errors
    /// When the back end has done what it may not do.
    pub fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Broken> {
        let mut count = 0;
        while count < most && self.ring.responses()? > 0 {
            let (slot, response) = self.ring.take::<REQUEST>();
            let page = self.given.get(usize::from(slot)).copied().unwrap_or_default();
            let whole = self.piece(slot, page, response)?;
            self.give(page);
            if whole {
                let mut frame = core::mem::take(&mut self.frame);
                deliver(&mut frame, self.received);
                frame.clear();
                self.frame = frame;
                count += 1;
            }
        }
        Ok(count)
    }

    /// One response; true when a frame is whole.
    fn piece(&mut self, slot: u16, page: u16, response: [u8; REQUEST]) -> Result<bool, Broken> {
        if let Expected::Extra(more) = self.expected {
            let [kind, flags, low, high, ..] = response;
            if kind == SEGMENTS {
                self.received.segment = u16::from_le_bytes([low, high]);
            }
            self.pieces += 1;
            if self.pieces > PIECES {
                return Err(Broken::Pieces);
            }
            if flags & EXTRA_MORE == 0 {
                self.expected = if more { Expected::Piece } else { Expected::Frame };
            }
            return Ok(self.expected == Expected::Frame);
        }
        let [id_low, id_high, offset_low, offset_high, flags_low, flags_high, length_low, length_high] = response;
        let id = u16::from_le_bytes([id_low, id_high]);
        let offset = u16::from_le_bytes([offset_low, offset_high]);
        let flags = u16::from_le_bytes([flags_low, flags_high]);
        let length = i16::from_le_bytes([length_low, length_high]);
        if id != slot {
            return Err(Broken::NotAsked(id));
        }
        if self.expected == Expected::Frame {
            self.frame.clear();
            self.received = Received { checksum: flags & (CHECKED | BLANK) != 0, segment: 0 };
            self.pieces = 0;
        }
        self.pieces += 1;
        let bytes = usize::try_from(length).ok().filter(|&bytes| bytes > 0 && usize::from(offset) + bytes <= LENGTH);
        let bytes = bytes.ok_or(Broken::Length { offset, length })?;
        let before = self.frame.len();
        if self.pieces > PIECES || before + bytes > FRAME_MOST {
            return Err(Broken::Pieces);
        }
        self.frame.resize(before + bytes, 0);
        if let (Some(&(page, _)), Some(into)) = (self.pages.get(usize::from(page)), self.frame.get_mut(before..)) {
            page.read(offset.into(), into);
        }
        let more = flags & MORE != 0;
        self.expected = match (flags & EXTRA != 0, more) {
            (true, more) => Expected::Extra(more),
            (false, true) => Expected::Piece,
            (false, false) => Expected::Frame,
        };
        Ok(self.expected == Expected::Frame)
    }

    /// Shows the back end the pages it may write; true when it is to be told.
    pub fn show(&mut self) -> bool {
        self.ring.show()
    }

    /// Whether something has come; if not, the back end tells when it has.
    ///
    /// # Errors
    /// When it has done what it may not do.
    pub fn listen(&self) -> Result<bool, Broken> {
        Ok(self.ring.responses()? > 0 || self.ring.listen(0)?)
    }
}
