//! A request and its answer.

use alloc::vec::Vec;

use embedded_io_async::{BufRead, Write};
use mirage::{Flow, Time};

use crate::compose::chunk_size;
use crate::{Body, Compose, Error, Framing, Head, Limits, Version};

/// Bytes of a request thrown away, at the most, so that its connection can be used again or its client reads an answer.
pub(crate) const LINGER: usize = 256 * 1024;

/// The longest body that is written together with its head: copying it once more costs less than a write of its own.
const TOGETHER: usize = 4 * 1024;

/// Room for a head with a few fields, in bytes: most have it from the start, and need not grow to it.
const HEAD: usize = 256;

/// A request and its answer. The two are apart, so that one can be read while the other is written.
pub struct Exchange<'a, F: Flow, T> {
    head: &'a Head,
    /// The request's body; it may not come before it was [`accept`](Self::accept)ed.
    pub incoming: Incoming<'a, F::Reader, T>,
    /// The answer.
    pub outgoing: Outgoing<'a, F::Writer, T>,
}

/// The body of a request.
pub struct Incoming<'a, R, T> {
    reader: &'a mut R,
    time: &'a T,
    limits: &'a Limits,
    body: Body,
}

/// An answer.
pub struct Outgoing<'a, W, T> {
    writer: &'a mut W,
    time: &'a T,
    limits: &'a Limits,
    out: &'a mut Vec<u8>,
    progress: Progress,
    framing: Framing,
    /// Bytes of the body that were promised and not sent yet, where their number was told.
    left: u64,
    version: Version,
    /// Whether the method is `HEAD`, whose answer has no body.
    headless: bool,
    keep_alive: bool,
    /// The client waits for a word before it sends its body (RFC 9110 §10.1.1).
    awaited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Answering,
    Answered,
}

impl<'a, F: Flow, T: Time> Exchange<'a, F, T> {
    pub(crate) fn new(
        reader: &'a mut F::Reader,
        writer: &'a mut F::Writer,
        time: &'a T,
        limits: &'a Limits,
        head: &'a Head,
        framing: Framing,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let body = Body::new(framing);
        let version = head.version();
        let awaited = !body.is_done() && version == Version::Http11 && head.lists("expect", "100-continue");
        let incoming = Incoming { reader, time, limits, body };
        let outgoing = Outgoing {
            version,
            headless: head.method() == "HEAD",
            keep_alive: head.keeps_alive(),
            awaited,
            ..Outgoing::new(writer, time, limits, out)
        };
        Self { head, incoming, outgoing }
    }

    /// The request's head.
    pub fn head(&self) -> &'a Head {
        self.head
    }

    /// Asks for the request's body, where the client waits to be asked.
    ///
    /// # Errors
    /// When the client does not take it.
    pub async fn accept(&mut self) -> Result<(), Error<F::Error>> {
        if core::mem::take(&mut self.outgoing.awaited) {
            self.outgoing.out.clear();
            Compose::response(self.outgoing.out, 100).end();
            self.outgoing.send().await?;
            self.outgoing.flush().await?;
        }
        Ok(())
    }

    /// Answers in one go. Where the method is `HEAD`, the body is counted and not sent.
    ///
    /// # Errors
    /// When the client does not take it.
    pub fn respond<'f>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'f str, &'f [u8])>,
        body: &[u8],
    ) -> impl Future<Output = Result<(), Error<F::Error>>> {
        self.outgoing.respond(status, fields, body)
    }

    /// Skips what is left of the request; tells whether another may follow.
    pub(crate) async fn finish(mut self) -> Result<bool, Error<F::Error>> {
        match self.outgoing.progress {
            Progress::Waiting => self.respond(500, [], b"").await?,
            // An answer that was broken off can be told from one still coming only by the end of the stream.
            Progress::Answering => return Ok(false),
            Progress::Answered => {}
        }
        if !self.outgoing.keep_alive || self.incoming.is_done() {
            return Ok(self.outgoing.keep_alive);
        }
        let (time, patience) = (self.incoming.time, self.incoming.limits.patience);
        // Nobody but the client gains by waiting for the rest, so all of it has to come in the time of one read.
        time.timeout(patience, self.incoming.skip()).await.unwrap_or(Ok(false))
    }
}

impl<R: BufRead, T: Time> Incoming<'_, R, T> {
    /// Whether all of it has been read.
    pub fn is_done(&self) -> bool {
        self.body.is_done()
    }

    /// Waits for more of it and shows it in place; nothing is the end.
    ///
    /// # Errors
    /// Those of [`Body::fill`], and [`Error::TimedOut`].
    pub async fn fill(&mut self) -> Result<&[u8], Error<R::Error>> {
        self.time.timeout(self.limits.patience, self.body.fill(self.reader)).await.map_err(|_| Error::TimedOut)?
    }

    /// Counts bytes of it as read.
    pub fn consume(&mut self, length: usize) {
        self.body.consume(self.reader, length);
    }

    /// Reads on to its end; false if that is too far away.
    async fn skip(&mut self) -> Result<bool, Error<R::Error>> {
        let mut left = LINGER;
        while !self.is_done() {
            let length = self.fill().await?.len();
            if length > left {
                return Ok(false);
            }
            left -= length;
            self.consume(length);
        }
        Ok(true)
    }
}

impl<'a, W: Write, T: Time> Outgoing<'a, W, T> {
    /// An answer to a request of which nothing is known, after which the connection is closed.
    pub(crate) fn new(writer: &'a mut W, time: &'a T, limits: &'a Limits, out: &'a mut Vec<u8>) -> Self {
        out.clear();
        Self {
            writer,
            time,
            limits,
            out,
            progress: Progress::Waiting,
            framing: Framing::Empty,
            left: 0,
            version: Version::Http11,
            headless: false,
            keep_alive: false,
            awaited: false,
        }
    }

    /// Whether nothing of it has been sent yet.
    pub fn is_waiting(&self) -> bool {
        self.progress == Progress::Waiting
    }

    /// Closes the connection after this answer.
    pub fn close(&mut self) {
        self.keep_alive = false;
    }

    /// Begins it; its body follows by [`write`](Self::write), and [`end`](Self::end) ends it. [`Framing::Chunked`] is
    /// for a body of unknown length; a client of HTTP/1.0 gets that until the connection ends.
    ///
    /// # Errors
    /// When the client does not take it.
    pub fn begin<'f>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'f str, &'f [u8])>,
        framing: Framing,
    ) -> impl Future<Output = Result<(), Error<W::Error>>> {
        self.compose(status, fields, framing);
        self.send()
    }

    /// Begins it as [`begin`](Self::begin) does, and sends nothing yet.
    fn compose<'f>(&mut self, status: u16, fields: impl IntoIterator<Item = (&'f str, &'f [u8])>, framing: Framing) {
        self.start(status, framing);
        let mut head = Compose::response(self.out, status);
        for (name, value) in fields {
            head.field(name, value);
        }
        head.framing(self.framing);
        if !self.keep_alive {
            head.field("Connection", "close");
        } else if self.version == Version::Http10 {
            head.field("Connection", "keep-alive");
        }
        head.end();
    }

    /// What an answer of this status and framing comes to: apart from its fields, which are of many types.
    fn start(&mut self, status: u16, framing: Framing) {
        self.framing = match framing {
            Framing::Chunked if self.version == Version::Http10 => Framing::UntilClose,
            // RFC 9110 §8.6: such an answer says no length at all.
            _ if matches!(status, 100..=199 | 204 | 304) => Framing::Empty,
            // What says nothing of a body has one, that ends with the connection (RFC 9112 §6.3).
            Framing::Empty if !self.headless => Framing::Length(0),
            other => other,
        };
        self.left = match self.framing {
            Framing::Length(length) if !self.headless => length,
            _ => 0,
        };
        // A client that waits to be asked for its body gets an answer instead; whether it sends the body is open.
        self.keep_alive &= self.framing != Framing::UntilClose && !self.awaited;
        self.progress = Progress::Answering;
        self.out.clear();
    }

    /// Sends more of the body. What goes beyond the length that was promised is dropped: the client would take it for
    /// the next answer.
    ///
    /// # Errors
    /// When the client does not take it.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error<W::Error>> {
        if let Framing::Length(_) = self.framing {
            bytes = &bytes[..bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))];
            self.left -= bytes.len() as u64;
        }
        if bytes.is_empty() || self.headless || self.framing == Framing::Empty {
            return Ok(());
        }
        if self.framing == Framing::Chunked {
            self.out.clear();
            chunk_size(self.out, bytes.len());
            self.send().await?;
        }
        self.put(bytes).await?;
        if self.framing == Framing::Chunked {
            self.out.clear();
            self.out.extend_from_slice(b"\r\n");
            self.send().await?;
        }
        Ok(())
    }

    /// Hands what was written to the network.
    ///
    /// # Errors
    /// When the client does not take it.
    pub async fn flush(&mut self) -> Result<(), Error<W::Error>> {
        Ok(self.time.timeout(self.limits.patience, self.writer.flush()).await.map_err(|_| Error::TimedOut)??)
    }

    /// Ends it. Where less was written than was promised, the connection ends as well, so that the client knows.
    ///
    /// # Errors
    /// When the client does not take it.
    pub async fn end(&mut self) -> Result<(), Error<W::Error>> {
        if self.framing == Framing::Chunked && !self.headless {
            self.out.clear();
            self.out.extend_from_slice(b"0\r\n\r\n");
            self.send().await?;
        }
        self.keep_alive &= self.left == 0;
        self.progress = Progress::Answered;
        self.flush().await
    }

    /// Answers in one go, as [`Exchange::respond`] does.
    pub(crate) fn respond<'f>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'f str, &'f [u8])>,
        body: &[u8],
    ) -> impl Future<Output = Result<(), Error<W::Error>>> {
        self.out.reserve(HEAD + if body.len() <= TOGETHER { body.len() } else { 0 });
        // Composed at once: what is waited for is the same then for any kind of fields, and is in an image once.
        self.compose(status, fields, Framing::Length(body.len() as u64));
        self.send_with(body)
    }

    /// Sends the head that was composed, and all of its body.
    async fn send_with(&mut self, body: &[u8]) -> Result<(), Error<W::Error>> {
        if self.left > 0 && body.len() <= TOGETHER {
            self.out.extend_from_slice(body);
            self.left = 0;
        }
        self.send().await?;
        if self.left > 0 {
            self.write(body).await?;
        }
        self.end().await
    }

    /// Writes what was composed.
    async fn send(&mut self) -> Result<(), Error<W::Error>> {
        let out = core::mem::take(self.out);
        let sent = self.put(&out).await;
        *self.out = out;
        sent
    }

    /// Writes all of `bytes`, as slowly as the client likes as long as it takes some.
    async fn put(&mut self, mut bytes: &[u8]) -> Result<(), Error<W::Error>> {
        while !bytes.is_empty() {
            let written = self.time.timeout(self.limits.patience, self.writer.write(bytes)).await;
            match written.map_err(|_| Error::TimedOut)?? {
                0 => return Err(Error::Truncated),
                length => bytes = &bytes[length..],
            }
        }
        Ok(())
    }
}
