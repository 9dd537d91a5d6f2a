//! What holds for any bytes whatever; shared by the property tests, the corpus's replay and the fuzz targets.
//!
//! Nothing panics; how the stream falls into pieces changes nothing; what was let through has no second reading, which
//! shows in that it can be written again and read again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_io_async::{BufRead, ErrorType, Read};
use mirage_http::{Body, Compose, Error, Framing, Head, Limits};

/// A stream that comes in pieces.
pub struct Pieces<'a> {
    bytes: &'a [u8],
    /// Pieces are of this length at most; their lengths follow from `seed`.
    longest: usize,
    seed: u64,
    piece: usize,
}

impl<'a> Pieces<'a> {
    /// `bytes` in pieces of at most `longest` bytes, which `seed` chooses.
    pub fn new(bytes: &'a [u8], longest: usize, seed: u64) -> Self {
        Self { bytes, longest, seed, piece: 0 }
    }

    /// `bytes` in one piece.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self::new(bytes, usize::MAX, 0)
    }

    /// What has not been consumed.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }
}

impl ErrorType for Pieces<'_> {
    type Error = Infallible;
}

impl Read for Pieces<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        let shown = self.fill_buf().await?;
        let length = shown.len().min(into.len());
        into[..length].copy_from_slice(&shown[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Pieces<'_> {
    async fn fill_buf(&mut self) -> Result<&[u8], Infallible> {
        if self.piece == 0 {
            // Knuth's MMIX generator; its upper bits are good enough to cut by.
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let length = 1 + (self.seed >> 33) as usize % self.longest;
            self.piece = length.min(self.bytes.len());
        }
        Ok(&self.bytes[..self.piece])
    }

    fn consume(&mut self, length: usize) {
        assert!(length <= self.piece, "more was consumed than was shown");
        self.bytes = &self.bytes[length..];
        self.piece -= length;
    }
}

/// Runs what never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// A message that was let through: its head, its body, and how that was framed.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Method and target, or the status.
    pub first: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub framing: Framing,
    pub body: Vec<u8>,
}

/// The messages that were let through, and what was wrong with the next.
pub type Outcome = (Vec<Message>, Option<Error<Infallible>>);

const LIMITS: Limits =
    Limits { head: 2048, idle: std::time::Duration::from_secs(1), patience: std::time::Duration::from_secs(1) };

/// Reads requests until there are no more or one is wrong.
pub fn read_requests(stream: Pieces<'_>) -> Outcome {
    read_requests_within(stream, &LIMITS)
}

fn read_requests_within(mut stream: Pieces<'_>, limits: &Limits) -> Outcome {
    let (mut messages, mut head) = (Vec::new(), Head::default());
    loop {
        let outcome = now(async {
            let Some(head) = head.request(&mut stream, limits).await? else { return Ok(None) };
            let first = format!("{} {}", head.method(), head.target());
            let framing = Framing::of_request(head)?;
            Ok(Some(message(first, head, framing, &mut stream).await?))
        });
        match outcome {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

/// Reads answers, to requests of these methods and then to `GET`.
pub fn read_responses(mut stream: Pieces<'_>, methods: &[&str]) -> Outcome {
    let (mut messages, mut head) = (Vec::new(), Head::default());
    let mut methods = methods.iter().copied().collect::<VecDeque<_>>();
    loop {
        let method = methods.pop_front().unwrap_or("GET");
        let outcome = now(async {
            let head = head.response(&mut stream, &LIMITS).await?;
            let framing = Framing::of_response(head, method)?;
            message(head.status().to_string(), head, framing, &mut stream).await
        });
        match outcome {
            Ok(message) => messages.push(message),
            Err(error) => return (messages, Some(error)),
        }
    }
}

async fn message(
    first: String,
    head: &Head,
    framing: Framing,
    stream: &mut Pieces<'_>,
) -> Result<Message, Error<Infallible>> {
    let fields = head.fields().map(|(name, value)| (name.to_string(), value.to_vec())).collect();
    Ok(Message { first, fields, framing, body: read_body(stream, framing).await? })
}

/// Reads a body, a byte less than is shown each time, so that what is left is shown again.
pub async fn read_body(stream: &mut Pieces<'_>, framing: Framing) -> Result<Vec<u8>, Error<Infallible>> {
    let (mut body, mut data) = (Body::new(framing), Vec::new());
    loop {
        let shown = body.fill(stream).await?;
        let length = shown.len().saturating_sub(1).max(shown.len().min(1));
        data.extend_from_slice(&shown[..length]);
        if length == 0 {
            assert!(body.is_done(), "nothing was shown before the end");
            return Ok(data);
        }
        body.consume(stream, length);
    }
}

/// What holds for any bytes a client may send.
pub fn requests(bytes: &[u8]) {
    let whole = read_requests(Pieces::whole(bytes));
    for (longest, seed) in [(1, 0), (3, 1), (17, 2), (300, 3)] {
        assert_eq!(read_requests(Pieces::new(bytes, longest, seed)), whole, "in pieces of up to {longest}");
    }
    // What is written is HTTP/1.1, which needs a host; requests of HTTP/1.0 may have none.
    for message in whole.0.iter().filter(|message| message.fields.iter().any(|(name, _)| name == "Host")) {
        // One reading only: no bare CR or LF, no folded line, no length beside a coding got through.
        let (method, target) = message.first.split_once(' ').expect("a method and a target");
        let mut again = Vec::new();
        let mut head = Compose::request(&mut again, method, target);
        fields(&mut head, message);
        again.extend(coded(message, bytes.len()));
        // White space that was not sent may make it larger.
        let limits = Limits { head: 2 * LIMITS.head, ..LIMITS };
        let (messages, error) = read_requests_within(Pieces::whole(&again), &limits);
        assert_eq!((messages.as_slice(), error), (std::slice::from_ref(message), None), "written again");
    }
}

/// What holds for any bytes a server may send.
pub fn responses(bytes: &[u8]) {
    for methods in [&[][..], &["HEAD", "GET", "HEAD"]] {
        let whole = read_responses(Pieces::whole(bytes), methods);
        for (longest, seed) in [(1, 0), (3, 1), (17, 2), (300, 3)] {
            assert_eq!(read_responses(Pieces::new(bytes, longest, seed), methods), whole, "in pieces of {longest}");
        }
    }
}

/// What holds for any bytes in place of a chunked body: those that are one mean the data that they mean in any coding.
pub fn chunks(bytes: &[u8]) {
    let read = |mut stream: Pieces<'_>| now(read_body(&mut stream, Framing::Chunked));
    let whole = read(Pieces::whole(bytes));
    for (longest, seed) in [(1, 0), (3, 1), (17, 2), (300, 3)] {
        assert_eq!(read(Pieces::new(bytes, longest, seed)), whole, "in pieces of up to {longest}");
    }
    if let Ok(data) = whole {
        assert_eq!(read(Pieces::whole(&chunked(&data, bytes.len()))), Ok(data));
    }
}

fn fields(head: &mut Compose<'_>, message: &Message) {
    for (name, value) in &message.fields {
        assert!(!value.iter().any(|byte| b"\r\n\0".contains(byte)), "a value that ends a line: {value:?}");
        head.field(name, value);
    }
    head.end();
}

fn coded(message: &Message, seed: usize) -> Vec<u8> {
    if message.framing == Framing::Chunked { chunked(&message.body, seed) } else { message.body.clone() }
}

/// `data` in chunks of lengths that `seed` chooses.
pub fn chunked(data: &[u8], seed: usize) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in data.chunks(1 + seed % 40) {
        coded.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    coded
}
