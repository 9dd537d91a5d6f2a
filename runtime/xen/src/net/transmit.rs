//! Sending: frames are copied into pages the back end may read, as many slots as a frame takes pages.

use alloc::vec::Vec;

use mirage::Offload;

use super::FRAME_MOST;
use super::ring::{Broken, Ring};
use crate::grant::Grant;
use crate::page::{LENGTH, Shared};

/// Pages for frames on their way.
pub const PAGES: usize = 64;
/// Bytes of a request: grant, offset and flags, number and size.
const REQUEST: usize = 12;

/// Flags of a request: its checksum is to be filled in, more of it follows, more about it follows.
const BLANK: u16 = 1;
const CHECKED: u16 = 2;
const MORE: u16 = 4;
const EXTRA: u16 = 8;

/// What follows about a frame: that it is to be cut.
const SEGMENTS: u8 = 1;
const OF_TCP_V4: u8 = 1;
const OF_TCP_V6: u8 = 2;
/// Where in a frame its protocol is said, and the value for IPv6.
const ETHERTYPE: usize = 12;
const ETHERTYPE_V6: [u8; 2] = [0x86, 0xdd];

/// The answer to a slot that was about another one.
const NONE: i16 = 1;

/// The sending side of an interface.
pub struct Transmit {
    ring: Ring,
    pages: Vec<(Shared, Grant)>,
    free: Vec<u16>,
    /// Whether the back end takes frames of several slots.
    gathers: bool,
    /// Slots the frame that was refused takes.
    refused: Option<u32>,
}

impl Transmit {
    /// The ring in `page`, with pages the domain `other` may read.
    pub fn new(page: Shared, other: u16, pages: &[Shared], gathers: bool) -> Option<Self> {
        let pages: Option<Vec<_>> =
            pages.iter().map(|&page| Grant::new(other, page, true).map(|grant| (page, grant))).collect();
        let pages = pages?;
        let free = (0..pages.len() as u16).rev().collect();
        Some(Self { ring: Ring::new(page, REQUEST), pages, free, gathers, refused: None })
    }

    /// Takes the pages back; those the back end has in use stay granted.
    pub fn end(&self) {
        self.pages.iter().for_each(|(_, grant)| _ = grant.end());
    }

    /// Queues a frame; false when there is no room.
    ///
    /// # Errors
    /// When the back end has done what it may not do.
    pub fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Broken> {
        let length = frame.iter().fold(0_usize, |length, part| length.saturating_add(part.len()));
        let pages = length.div_ceil(LENGTH);
        if length == 0 || length > FRAME_MOST || pages > PAGES || (pages > 1 && !self.gathers) {
            return Ok(true); // No link carries it: it is lost.
        }
        let slots = pages as u32 + u32::from(offload.segment != 0);
        if !self.has_room(slots) {
            self.reclaim()?;
            if !self.has_room(slots) {
                self.refused = Some(slots);
                return Ok(false);
            }
        }
        let mut parts = Parts { frame, part: 0, at: 0 };
        let mut left = length;
        for index in 0..pages {
            let Some(id) = self.free.pop() else { break };
            let Some(&(page, grant)) = self.pages.get(usize::from(id)) else { break };
            let count = left.min(LENGTH);
            parts.copy(page, count);
            left -= count;
            let mut flags = if left > 0 { MORE } else { 0 };
            if index == 0 {
                flags |= if offload.checksum.is_some() { BLANK | CHECKED } else { 0 };
                flags |= if offload.segment != 0 { EXTRA } else { 0 };
            }
            // The first one says how long the whole frame is.
            let size = if index == 0 { length } else { count };
            self.put(grant.reference(), flags, id, size);
            if index == 0 && offload.segment != 0 {
                let bytes = frame.iter().flat_map(|part| part.iter().copied());
                let is_v6 = bytes.skip(ETHERTYPE).take(2).eq(ETHERTYPE_V6);
                self.segments(offload.segment, is_v6);
            }
        }
        Ok(true)
    }

    fn put(&mut self, reference: u32, flags: u16, id: u16, size: usize) {
        let [a, b, c, d] = reference.to_le_bytes();
        let ([e, f], [g, h]) = (flags.to_le_bytes(), id.to_le_bytes());
        let [i, j] = u16::try_from(size).unwrap_or(u16::MAX).to_le_bytes();
        self.ring.put(&[a, b, c, d, 0, 0, e, f, g, h, i, j]);
    }

    fn segments(&mut self, size: u16, is_v6: bool) {
        let [low, high] = size.to_le_bytes();
        let kind = if is_v6 { OF_TCP_V6 } else { OF_TCP_V4 };
        self.ring.put(&[SEGMENTS, 0, low, high, kind, 0, 0, 0, 0, 0, 0, 0]);
    }

    fn has_room(&self, slots: u32) -> bool {
        self.free.len() >= slots as usize && self.ring.free() >= slots
    }

    /// Shows the back end what was queued; true when it is to be told.
    pub fn show(&mut self) -> bool {
        self.ring.show()
    }

    /// Takes back what the back end is done with.
    ///
    /// # Errors
    /// When it has done what it may not do.
    pub fn reclaim(&mut self) -> Result<(), Broken> {
        for _ in 0..self.ring.responses()? {
            let (_, [id_low, id_high, status_low, status_high]) = self.ring.take::<4>();
            if i16::from_le_bytes([status_low, status_high]) == NONE {
                continue;
            }
            let id = u16::from_le_bytes([id_low, id_high]);
            if usize::from(id) >= self.pages.len() || self.free.contains(&id) {
                return Err(Broken::NotAsked(id));
            }
            self.free.push(id);
        }
        Ok(())
    }

    /// Whether a frame that was refused would no longer be; if not, the back end tells when it may be.
    ///
    /// # Errors
    /// When it has done what it may not do.
    pub fn is_worth_trying(&mut self) -> Result<bool, Broken> {
        let Some(slots) = self.refused else { return Ok(false) };
        for _ in 0..2 {
            self.reclaim()?;
            if self.has_room(slots) {
                self.refused = None;
                return Ok(true);
            }
            if !self.ring.listen(self.ring.outstanding() / 2)? {
                break;
            }
        }
        Ok(false)
    }
}

/// A frame in parts, as it is copied.
struct Parts<'f> {
    frame: &'f [&'f [u8]],
    part: usize,
    at: usize,
}

impl Parts<'_> {
    /// Copies the next `count` bytes to the beginning of a page.
    fn copy(&mut self, page: Shared, count: usize) {
        let mut done = 0;
        while done < count {
            let Some(rest) = self.frame.get(self.part).and_then(|part| part.get(self.at..)) else { return };
            let now = rest.get(..rest.len().min(count - done)).unwrap_or(rest);
            page.write(done, now);
            done += now.len();
            self.at += now.len();
            if now.len() == rest.len() {
                (self.part, self.at) = (self.part + 1, 0);
            }
        }
    }
}
