//! What a machine does to unpack a block, here to try it.

use super::{AGAIN, BOOK, Command, END, FAR, LITERALS, NEAR, SHORT, WRITTEN, calls};

/// Unpacks the block at the end of `memory`, `from` on, to its beginning, in place and as a machine does it, and says how many
/// bytes that made, of which the first `code` are instructions. None if it is no block, or writes over what it has not read.
pub fn unpack(memory: &mut [u8], from: usize, code: usize) -> Option<usize> {
    let book: Vec<_> =
        memory.get(from..from + 2 * BOOK)?.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
    let mut packed = Packed { memory, at: from + 2 * BOOK };
    let (mut to, mut back) = (0, 0);
    loop {
        let token = usize::from(packed.byte()?);
        let command = match token.checked_sub(BOOK) {
            None => book[token],
            Some(upper) => (upper as u16) << 8 | u16::from(packed.byte()?),
        };
        let command = Command(command);
        let mut literals = command.literals();
        if literals == LITERALS {
            literals += packed.number()?;
        }
        for _ in 0..literals {
            let byte = packed.byte()?;
            *packed.memory[..packed.at].get_mut(to)? = byte;
            to += 1;
        }
        match command.kind() {
            near @ ..NEAR => back = near << 8 | usize::from(packed.byte()?),
            far @ NEAR..AGAIN => {
                back = (far - NEAR) << 16 | usize::from(packed.byte()?) | usize::from(packed.byte()?) << 8
            }
            AGAIN => {}
            END => break,
            _ => return None,
        }
        let length = match command.length() {
            Some(length) => length,
            None => SHORT + 1 + packed.number()?,
        };
        let there = to.checked_sub(back).filter(|_| back > 0 && back < FAR << 16)?;
        if to + length.max(WRITTEN) > packed.at {
            return None;
        }
        if length <= SHORT {
            packed.memory.copy_within(there..there + WRITTEN, to);
        } else {
            (0..length).for_each(|index| packed.memory[to + index] = packed.memory[there + index]);
        }
        to += length;
    }
    calls::to_distances(memory.get_mut(..code)?);
    Some(to)
}

struct Packed<'m> {
    memory: &'m mut [u8],
    at: usize,
}

impl Packed<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.memory.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        loop {
            let byte = self.byte()?;
            number += usize::from(byte);
            if byte != 255 {
                return Some(number);
            }
        }
    }
}
