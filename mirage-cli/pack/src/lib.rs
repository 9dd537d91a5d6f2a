//! What an image for a machine is packed into: a block of bytes that repeat each other, as in LZ4, whose commands are the
//! 240 that this image needs most. It is written once, and read at every boot, by a few dozen instructions (mirage-pvh,
//! `src/shim/unpack.s`) and in few of them a byte.
//!
//! A block is
//!
//! - the book: 240 commands of two bytes each, the lower one first;
//! - tokens. One below 240 is that command of the book. One from 240 on has the upper four bits of a command less 240, and
//!   the byte that follows the others.
//!
//! A command of 12 bits says how many literals follow (bits 0 and 1), how many bytes are repeated after them (bits 2 to 5)
//! and from where (bits 6 to 11). After the token come, in this order and where there are any:
//!
//! - of three literals or more, what is beyond three, as a number;
//! - the literals;
//! - how far back the repetition is from: one byte if its place is below 48, and the place is 256 times as much in
//!   addition; two for the eight that follow, which are 65,536 times as much; nothing for the one that means
//!   as far as last time, and for the last one, after whose literals the block ends;
//! - of a length of 0, how many bytes are repeated beyond 17, as a number. From 1 to 15 it is 2 to 16 bytes, which do not
//!   overlap those they repeat.
//!
//! A number is bytes that add up, to one that is not 255.
//!
//! Code is packed with its calls by where they go, which repeats, and not by how far that is.

mod calls;
mod matches;
mod parse;
mod unpack;

use parse::Step;

pub use unpack::unpack;

/// How many commands have a token.
const BOOK: usize = 240;
/// The kinds of a repetition's place: one byte of it follows,
const NEAR: usize = 48;
/// or two,
const FAR: usize = 8;
/// or it is that of the one before,
const AGAIN: usize = NEAR + FAR;
/// or there is no repetition, and no more of anything.
const END: usize = AGAIN + 1;
/// How many literals a command has at most without a number,
const LITERALS: usize = 3;
/// and how many bytes it repeats; one more is what the number begins at.
const SHORT: usize = 16;
/// How much is written at once, whatever of it counts.
const WRITTEN: usize = 16;
/// The farthest repetition, and one.
const REACH: usize = FAR << 16;

/// What was packed.
pub struct Block {
    /// The block.
    pub bytes: Vec<u8>,
    /// How far its beginning has to lie behind where what comes of it begins, for it to be read before it is written over.
    pub behind: usize,
}

/// A token's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Command(u16);

impl Command {
    /// How many different ones there are.
    const COUNT: usize = 1 << 12;

    /// The one for so many literals, and so many bytes from a place of this kind.
    fn new(literals: usize, length: usize, kind: usize) -> Self {
        let length = if length <= SHORT { length.saturating_sub(1) } else { 0 };
        Self((literals.min(LITERALS) | length << 2 | kind << 6) as u16)
    }

    fn literals(self) -> usize {
        usize::from(self.0 & 3)
    }

    /// The bytes that are repeated; none if a number says it.
    fn length(self) -> Option<usize> {
        let length = usize::from(self.0 >> 2 & 15);
        (length > 0).then_some(length + 1)
    }

    fn kind(self) -> usize {
        usize::from(self.0 >> 6)
    }
}

/// The kind of a repetition from so far back.
fn kind(back: usize) -> usize {
    if back < NEAR << 8 { back >> 8 } else { NEAR + (back >> 16) }
}

/// Packs `bytes`, of which the first `code` are instructions.
pub fn pack(bytes: &[u8], code: usize) -> Block {
    let mut bytes = bytes.to_vec();
    calls::to_places(&mut bytes[..code]);
    let steps = parse::parse(&bytes);
    let book = book(&steps);
    let mut token = [None; Command::COUNT];
    book.iter().enumerate().for_each(|(index, command)| token[usize::from(command.0)] = Some(index as u8));

    let mut block = Block { bytes: vec![], behind: 0 };
    let packed = &mut block.bytes;
    (0..BOOK).for_each(|index| packed.extend(book.get(index).map_or(0, |command| command.0).to_le_bytes()));
    let mut at = 0;
    for &Step { literals, length, back, command } in &steps {
        match token[usize::from(command.0)] {
            Some(index) => packed.push(index),
            None => packed.extend([BOOK as u8 + (command.0 >> 8) as u8, command.0 as u8]),
        }
        if let Some(beyond) = literals.checked_sub(LITERALS) {
            number(packed, beyond);
        }
        packed.extend_from_slice(&bytes[at..at + literals]);
        match command.kind() {
            ..NEAR => packed.push(back as u8),
            NEAR..AGAIN => packed.extend((back as u16).to_le_bytes()),
            _ => {}
        }
        if let Some(beyond) = length.checked_sub(SHORT + 1) {
            number(packed, beyond);
        }
        at += literals + length;
        let written = if length == 0 { at } else { at - length + length.max(WRITTEN) };
        block.behind = block.behind.max(written.saturating_sub(packed.len()));
    }
    block
}

/// The commands that are used most.
fn book(steps: &[Step]) -> Vec<Command> {
    let mut uses = [0_u32; Command::COUNT];
    steps.iter().for_each(|step| uses[usize::from(step.command.0)] += 1);
    let mut book: Vec<_> = (0..Command::COUNT as u16).filter(|&command| uses[usize::from(command)] > 0).collect();
    book.sort_by_key(|&command| std::cmp::Reverse(uses[usize::from(command)]));
    book.truncate(BOOK);
    book.into_iter().map(Command).collect()
}

fn number(packed: &mut Vec<u8>, mut number: usize) {
    while number >= 255 {
        packed.push(255);
        number -= 255;
    }
    packed.push(number as u8);
}

#[cfg(test)]
mod tests;
