//! One ring: requests in the slots one way, responses in the same slots the other (xen/include/public/io/ring.h).

use core::fmt;

use crate::page::{Shared, fence};

/// How many slots a page has, of both kinds of ring: 12 bytes a request of the one, 8 of the other.
pub const SLOTS: u32 = 256;

/// Where each side is, and from where on it is to be told.
const REQUESTS: usize = 0;
const REQUESTS_TOLD: usize = 4;
const RESPONSES: usize = 8;
const RESPONSES_TOLD: usize = 12;
/// Where the slots begin.
const BEGIN: usize = 64;

/// What a back end has done that it may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It says that it has answered more than it was asked.
    Jump {
        /// How many answers it says there are.
        answers: u32,
        /// How many there can be.
        asked: u32,
    },
    /// It answers what it was not asked, or in another order.
    NotAsked(u16),
    /// It says that it wrote where there is no room, or nothing.
    Length {
        /// From where on in the page.
        offset: u16,
        /// How many bytes.
        length: i16,
    },
    /// A frame of more parts than one can have.
    Pieces,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Jump { answers, asked } => {
                write!(f, "the back end says that it has answered {answers} requests, of {asked} there were")
            }
            Self::NotAsked(id) => write!(f, "the back end answers request {id}, which it does not have"),
            Self::Length { offset, length } => {
                write!(f, "the back end says that it wrote {length} bytes at {offset} of a page")
            }
            Self::Pieces => f.write_str("the back end sends a frame of more pieces than one can have"),
        }
    }
}

/// The front end's side of a ring.
pub struct Ring {
    page: Shared,
    /// Bytes of a slot.
    slot: usize,
    /// Requests written, told of, and responses read.
    written: u32,
    told: u32,
    read: u32,
}

impl Ring {
    /// An empty ring in a page.
    pub fn new(page: Shared, slot: usize) -> Self {
        page.write(0, &[0; BEGIN]);
        page.store32(REQUESTS_TOLD, 1);
        page.store32(RESPONSES_TOLD, 1);
        Self { page, slot, written: 0, told: 0, read: 0 }
    }

    /// How many requests there is room for.
    pub fn free(&self) -> u32 {
        SLOTS - self.outstanding()
    }

    /// How many requests are not answered.
    pub fn outstanding(&self) -> u32 {
        self.written.wrapping_sub(self.read)
    }

    /// The slot the next request goes into.
    pub fn next(&self) -> u16 {
        (self.written % SLOTS) as u16
    }

    /// Writes a request; there is room.
    pub fn put(&mut self, request: &[u8]) {
        let place = self.place(self.written);
        self.page.write(place, request.get(..self.slot).unwrap_or(request));
        self.written = self.written.wrapping_add(1);
    }

    /// Shows the other end what was put; true when it is to be told.
    pub fn show(&mut self) -> bool {
        if self.told == self.written {
            return false;
        }
        self.page.store32(REQUESTS, self.written);
        fence();
        let wanted = self.page.load32(REQUESTS_TOLD);
        let before = core::mem::replace(&mut self.told, self.written);
        self.written.wrapping_sub(wanted) < self.written.wrapping_sub(before)
    }

    /// How many responses can be taken.
    ///
    /// # Errors
    /// When there are more than requests.
    pub fn responses(&self) -> Result<u32, Broken> {
        let answers = self.page.load32(RESPONSES).wrapping_sub(self.read);
        let asked = self.told.wrapping_sub(self.read);
        if answers > asked { Err(Broken::Jump { answers, asked }) } else { Ok(answers) }
    }

    /// Takes the next response, which is there, and says which slot it was in.
    pub fn take<const LENGTH: usize>(&mut self) -> (u16, [u8; LENGTH]) {
        let mut response = [0; LENGTH];
        self.page.read(self.place(self.read), &mut response);
        let slot = (self.read % SLOTS) as u16;
        self.read = self.read.wrapping_add(1);
        (slot, response)
    }

    /// Asks to be told after `more` more responses than one; true when there are some already.
    ///
    /// # Errors
    /// When there are more than requests.
    pub fn listen(&self, more: u32) -> Result<bool, Broken> {
        self.page.store32(RESPONSES_TOLD, self.read.wrapping_add(1).wrapping_add(more));
        fence();
        Ok(self.responses()? > more)
    }

    fn place(&self, number: u32) -> usize {
        BEGIN + (number % SLOTS) as usize * self.slot
    }
}
