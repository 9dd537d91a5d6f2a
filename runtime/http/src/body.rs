//! What follows a head.

use alloc::vec::Vec;

use embedded_io_async::BufRead;

use crate::fields::trim_end;
use crate::framing::number;
use crate::{Error, Framing, Limits};

/// Where one is in a body. It does not own the stream: each call is given it.
#[derive(Debug)]
pub struct Body {
    state: State,
    /// A line of chunked coding, as far as it has come.
    line: Vec<u8>,
    /// Bytes of trailers so far.
    trailers: usize,
    /// Bytes of chunked coding so far beyond what so much data may need.
    overhead: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    Done,
}

impl Body {
    /// The beginning of a body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, line: Vec::new(), trailers: 0, overhead: 0 }
    }

    /// Whether all of it has been read.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Waits for more of the body, and shows it in place: as many bytes as the stream's buffer has of it. Nothing is
    /// the end. What has been looked at is [`consume`](Self::consume)d.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Chunk`], [`Error::HeadTooLarge`] for trailers.
    pub async fn fill<'r, R: BufRead>(&mut self, reader: &'r mut R) -> Result<&'r [u8], Error<R::Error>> {
        let length = self.advance(reader).await?;
        if length == 0 {
            return Ok(&[]);
        }
        // What `advance` saw is there still.
        Ok(&reader.fill_buf().await?[..length])
    }

    /// Goes on to where the stream's buffer begins with bytes of the body, and tells how many; none at the body's end.
    async fn advance<R: BufRead>(&mut self, reader: &mut R) -> Result<usize, Error<R::Error>> {
        loop {
            let remaining = match self.state {
                State::Done => return Ok(0),
                State::Length(remaining) | State::Chunk(remaining) => remaining,
                State::UntilClose => u64::MAX,
                State::ChunkSize | State::ChunkEnd | State::Trailers => {
                    self.read_line(reader).await?;
                    continue;
                }
            };
            let received = reader.fill_buf().await?.len();
            if received > 0 {
                return Ok(received.min(usize::try_from(remaining).unwrap_or(usize::MAX)));
            }
            if self.state != State::UntilClose {
                return Err(Error::Truncated);
            }
            self.state = State::Done;
        }
    }

    /// Counts `length` bytes of what [`fill`](Self::fill) showed as read.
    pub fn consume<R: BufRead>(&mut self, reader: &mut R, length: usize) {
        reader.consume(length);
        let read = length as u64;
        self.state = match self.state {
            State::Length(remaining) if remaining <= read => State::Done,
            State::Length(remaining) => State::Length(remaining - read),
            State::Chunk(remaining) if remaining <= read => State::ChunkEnd,
            State::Chunk(remaining) => State::Chunk(remaining - read),
            other => other,
        };
    }

    /// Reads a line of chunked coding and does what it says (RFC 9112 §7.1).
    async fn read_line<R: BufRead>(&mut self, reader: &mut R) -> Result<(), Error<R::Error>> {
        let received = reader.fill_buf().await?;
        if received.is_empty() {
            return Err(Error::Truncated);
        }
        let end = received.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let length = end.unwrap_or(received.len());
        // After a chunk there is nothing but the end of its line.
        let most = if self.state == State::ChunkEnd { 2 } else { Limits::LINE };
        if self.line.len() + length > most {
            return Err(Error::Chunk);
        }
        self.line.extend_from_slice(&received[..length]);
        reader.consume(length);
        if end.is_none() {
            return Ok(());
        }
        let Some(line) = self.line.strip_suffix(b"\r\n") else { return Err(Error::Chunk) };
        if line.iter().any(|&byte| matches!(byte, b'\r' | 0)) {
            return Err(Error::Chunk);
        }
        self.state = match self.state {
            State::ChunkSize => {
                let size = chunk_size(line).ok_or(Error::Chunk)?;
                // Lines of extensions, each within its limit, around single bytes would cost more than any body.
                let fair = size.saturating_mul(2).saturating_add(16);
                self.overhead = (self.overhead + line.len() as u64).saturating_sub(fair);
                if self.overhead > Limits::OVERHEAD {
                    return Err(Error::Chunk);
                }
                if size == 0 { State::Trailers } else { State::Chunk(size) }
            }
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers if is_field(line) => {
                self.trailers += line.len();
                if self.trailers > Limits::LINE {
                    return Err(Error::HeadTooLarge);
                }
                State::Trailers
            }
            _ => return Err(Error::Chunk),
        };
        self.line.clear();
        Ok(())
    }
}

/// The size on a chunk's first line; extensions after a `;` are ignored, as a recipient must.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = match line.iter().position(|&byte| byte == b';') {
        // White space before an extension is allowed (RFC 9112 §7.1.1), but not instead of one.
        Some(end) => trim_end(&line[..end]),
        None => line,
    };
    number(digits, 16)
}

/// Whether a trailer looks like a field: a name, a colon, and no line folded into it.
fn is_field(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(|byte| byte.is_ascii_graphic())
}
