//! Writing heads.

use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::swar::below;
use crate::{Framing, status};

/// A head being written at the end of a buffer.
///
/// A name or value is written as one: a byte that would end it (CR, LF, NUL) becomes a space.
pub struct Compose<'a>(&'a mut Vec<u8>);

impl<'a> Compose<'a> {
    /// Begins a request.
    pub fn request(buffer: &'a mut Vec<u8>, method: &str, target: &str) -> Self {
        let mut head = Self(buffer);
        head.text(method.as_bytes()).raw(b" ").text(target.as_bytes()).raw(b" HTTP/1.1\r\n");
        head
    }

    /// Begins a response.
    pub fn response(buffer: &'a mut Vec<u8>, status: u16) -> Self {
        let mut head = Self(buffer);
        head.raw(b"HTTP/1.1 ").number(status.into()).raw(b" ").raw(status::reason(status).as_bytes()).raw(b"\r\n");
        head
    }

    /// Adds a field.
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        self.text(name.as_bytes()).raw(b": ").text(value.as_ref()).raw(b"\r\n")
    }

    /// Adds the field that says where the body ends; [`Framing::Empty`] and [`Framing::UntilClose`] need none.
    pub fn framing(&mut self, framing: Framing) -> &mut Self {
        match framing {
            Framing::Empty | Framing::UntilClose => self,
            Framing::Length(length) => self.raw(b"Content-Length: ").number(length).raw(b"\r\n"),
            Framing::Chunked => self.raw(b"Transfer-Encoding: chunked\r\n"),
        }
    }

    /// Ends the head.
    pub fn end(&mut self) {
        self.raw(b"\r\n");
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        let ends = |byte: u8| matches!(byte, b'\r' | b'\n' | 0);
        let start = self.0.len();
        self.0.extend_from_slice(text);
        // Eight bytes at a time as far as that goes: a head's text is looked through whole, and hardly ever has any.
        let (words, rest) = text.as_chunks();
        if words.iter().any(|word| below(u64::from_le_bytes(*word), b' ') != 0) || rest.iter().any(|&byte| ends(byte)) {
            self.0[start..].iter_mut().filter(|byte| ends(**byte)).for_each(|byte| *byte = b' ');
        }
        self
    }

    fn number(&mut self, mut number: u64) -> &mut Self {
        let start = self.0.len();
        loop {
            self.0.push(b'0' + (number % 10) as u8);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0[start..].reverse();
        self
    }
}

/// Writes the first line of a chunk.
pub(crate) fn chunk_size(buffer: &mut Vec<u8>, size: usize) {
    struct Bytes<'a>(&'a mut Vec<u8>);

    impl core::fmt::Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // Writing to a vector cannot fail.
    let _ = write!(Bytes(buffer), "{size:x}\r\n");
}
