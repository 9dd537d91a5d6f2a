//! The head of a message: its first line and its fields.

use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::ops::Range;

use embedded_io_async::BufRead;

use crate::fields::{list, trim};
use crate::swar::position;
use crate::{Error, Limits};

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

/// The head of a request or a response. One is used again for each message of a connection, and then allocates nothing.
#[derive(Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    version: Version,
    first: First,
    fields: Vec<(Span, Span)>,
}

#[derive(Clone, Debug)]
enum First {
    Request { method: Span, target: Span },
    Response { status: u16 },
}

impl Default for First {
    fn default() -> Self {
        Self::Response { status: 0 }
    }
}

/// A part of the head's bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part` lies in `whole`, which it was cut from.
    fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let end = start.wrapping_add(part.len());
        // `Head::fill` takes no more than fits.
        Self { start: u32::try_from(start).unwrap_or(0), end: u32::try_from(end).unwrap_or(0) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Head {
    /// Reads a request's head; none if the connection ends before it begins.
    ///
    /// # Errors
    /// What keeps it from being one.
    pub async fn request<R: BufRead>(
        &mut self,
        reader: &mut R,
        limits: &Limits,
    ) -> Result<Option<&Self>, Error<R::Error>> {
        if !self.fill(reader, limits, true).await? {
            return Ok(None);
        }
        self.parse_request()?;
        self.check_host()?;
        Ok(Some(self))
    }

    /// Reads a response's head.
    ///
    /// # Errors
    /// What keeps it from being one; [`Error::Truncated`] if the connection ends before it begins.
    pub async fn response<R: BufRead>(&mut self, reader: &mut R, limits: &Limits) -> Result<&Self, Error<R::Error>> {
        if !self.fill(reader, limits, false).await? {
            return Err(Error::Truncated);
        }
        self.parse_response()?;
        Ok(self)
    }

    /// The method; empty in a response.
    pub fn method(&self) -> &str {
        match self.first {
            First::Request { method, .. } => self.text(method),
            First::Response { .. } => "",
        }
    }

    /// The request target as it was sent; empty in a response.
    pub fn target(&self) -> &str {
        match self.first {
            First::Request { target, .. } => self.text(target),
            First::Response { .. } => "",
        }
    }

    /// The status code, from 100 to 599; 0 in a request.
    pub fn status(&self) -> u16 {
        match self.first {
            First::Request { .. } => 0,
            First::Response { status } => status,
        }
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The fields in the order they were sent, their values without the white space around them.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|&(name, value)| (self.text(name), &self.bytes[value.range()]))
    }

    /// The values of every field of this name, in whatever case it was written.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Compared as bytes: this is asked several times for every message.
        let named = move |&&(field, _): &&(Span, Span)| self.bytes[field.range()].eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|&(_, value)| &self.bytes[value.range()])
    }

    /// Whether a field that is a list has this member, in any case (RFC 9110 §5.6.1).
    pub fn lists(&self, name: &str, member: &str) -> bool {
        self.values(name).flat_map(list).any(|given| given.eq_ignore_ascii_case(member.as_bytes()))
    }

    /// Whether the connection outlives this message, as far as its sender is concerned (RFC 9112 §9.3).
    pub fn keeps_alive(&self) -> bool {
        if self.lists("connection", "close") {
            return false;
        }
        self.version == Version::Http11 || self.lists("connection", "keep-alive")
    }

    fn text(&self, span: Span) -> &str {
        // Methods, targets and names are ASCII: the parser lets nothing else through.
        self.bytes.get(span.range()).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Takes bytes up to and with the empty line that ends a head; false if there were none at all. Empty lines before
    /// a request are skipped (RFC 9112 §2.2), and count as part of it.
    ///
    /// Lines end in CRLF and nothing else: what one reader takes for the end of a line, another may not. A bare LF is
    /// found here, so that nobody waits for the rest of such a head; a bare CR is refused by the parser.
    async fn fill<R: BufRead>(&mut self, reader: &mut R, limits: &Limits, skip: bool) -> Result<bool, Error<R::Error>> {
        self.bytes.clear();
        let mut room = limits.head.min(u32::MAX as usize);
        loop {
            let received = reader.fill_buf().await?;
            if received.is_empty() {
                return if self.bytes.is_empty() { Ok(false) } else { Err(Error::Truncated) };
            }
            let before = self.bytes.len();
            let length = received.len().min(room);
            self.bytes.extend_from_slice(&received[..length]);
            let empty = if skip { empty_lines(&self.bytes) } else { 0 };
            self.bytes.drain(..empty);
            if let Some(end) = end_of_head(&self.bytes, before.saturating_sub(empty))? {
                self.bytes.truncate(end);
                reader.consume(empty + end - before);
                return Ok(true);
            }
            reader.consume(length);
            room -= length;
            if room == 0 {
                return Err(Error::HeadTooLarge);
            }
        }
    }

    fn parse_request<E>(&mut self) -> Result<(), Error<E>> {
        let Self { bytes, version, first, fields } = self;
        let mut room = [const { MaybeUninit::uninit() }; Limits::FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(bytes, &mut room).map_err(refused)?;
        let (Some(method), Some(target), true) = (request.method, request.path, parsed.is_complete()) else {
            return Err(Error::Malformed);
        };
        *version = read_version(request.version)?;
        *first =
            First::Request { method: Span::of(method.as_bytes(), bytes), target: Span::of(target.as_bytes(), bytes) };
        spans(request.headers, bytes, fields);
        if target.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(()) } else { Err(Error::Malformed) }
    }

    fn parse_response<E>(&mut self) -> Result<(), Error<E>> {
        let Self { bytes, version, first, fields } = self;
        let mut room = [const { MaybeUninit::uninit() }; Limits::FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut response, bytes, &mut room)
            .map_err(refused)?;
        let (Some(status @ 100..=599), true) = (response.code, parsed.is_complete()) else {
            return Err(Error::Malformed);
        };
        *version = read_version(response.version)?;
        *first = First::Response { status };
        spans(response.headers, bytes, fields);
        Ok(())
    }

    /// RFC 9112 §3.2: one `Host` in HTTP/1.1, and none that could mean two.
    fn check_host<E>(&self) -> Result<(), Error<E>> {
        let mut hosts = self.values("host");
        match (hosts.next(), hosts.next()) {
            (_, Some(_)) => Err(Error::Host),
            (None, None) if self.version == Version::Http11 => Err(Error::Host),
            (None, None) => Ok(()),
            (Some(host), None) => {
                if host.iter().all(|&byte| HOST[usize::from(byte)]) {
                    Ok(())
                } else {
                    Err(Error::Host)
                }
            }
        }
    }
}

/// Whether a byte may be in a host: looked up, as every request has one.
const HOST: [bool; 256] = {
    let mut possible = [false; 256];
    let mut byte = 0;
    while byte < possible.len() {
        possible[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"-._~:[]%!$&'()*+;=";
    let mut other = 0;
    while other < others.len() {
        possible[others[other] as usize] = true;
        other += 1;
    }
    possible
};

/// Bytes of empty lines that `bytes` begin with.
fn empty_lines(bytes: &[u8]) -> usize {
    bytes.chunks_exact(2).take_while(|line| line == b"\r\n").count() * 2
}

/// Where the head ends, if it does; of its bytes those before `from` have been looked at.
fn end_of_head<E>(bytes: &[u8], mut from: usize) -> Result<Option<usize>, Error<E>> {
    while let Some(at) = position(&bytes[from..], b'\n') {
        let end = from + at + 1;
        match &bytes[..end] {
            [.., b'\r', b'\n', b'\r', b'\n'] => return Ok(Some(end)),
            // A first line has to say something.
            [.., _, b'\r', b'\n'] => from = end,
            _ => return Err(Error::Malformed),
        }
    }
    Ok(None)
}

fn refused<E>(error: httparse::Error) -> Error<E> {
    match error {
        httparse::Error::TooManyHeaders => Error::HeadTooLarge,
        httparse::Error::Version => Error::Version,
        _ => Error::Malformed,
    }
}

fn read_version<E>(minor: Option<u8>) -> Result<Version, Error<E>> {
    match minor {
        Some(0) => Ok(Version::Http10),
        Some(1) => Ok(Version::Http11),
        _ => Err(Error::Version),
    }
}

fn spans(headers: &[httparse::Header<'_>], bytes: &[u8], fields: &mut Vec<(Span, Span)>) {
    fields.clear();
    fields.extend(
        headers.iter().map(|field| (Span::of(field.name.as_bytes(), bytes), Span::of(trim(field.value), bytes))),
    );
}
