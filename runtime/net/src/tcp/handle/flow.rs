//! A connection.

use alloc::rc::Rc;
use core::net::SocketAddr;

use embedded_io_async::{BufRead, ErrorType, Read, Write};
use mirage::BufWrite;

use super::{Reader, Writer};
use crate::Error;
use crate::tcp::endpoint::Socket;

/// A TCP connection. Dropped, it ends gracefully, unless something the peer has sent was not read: then it ends with a
/// RST, so that the peer learns that it was lost (RFC 9293 section 3.6.1).
pub struct Flow {
    // Dropped first: the reader, which leaves last, sees whether anything was left unread.
    writer: Writer,
    reader: Reader,
}

impl Flow {
    pub(in crate::tcp) fn new(socket: Rc<Socket>) -> Self {
        Self { writer: Writer::new(Rc::clone(&socket)), reader: Reader::new(socket) }
    }
}

impl mirage::Flow for Flow {
    type Reader = Reader;
    type Writer = Writer;

    fn peer(&self) -> SocketAddr {
        self.reader.peer()
    }

    fn local(&self) -> SocketAddr {
        self.reader.local()
    }

    fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

impl ErrorType for Flow {
    type Error = Error;
}

impl Read for Flow {
    fn read(&mut self, into: &mut [u8]) -> impl Future<Output = Result<usize, Error>> {
        self.reader.read(into)
    }
}

impl BufRead for Flow {
    fn fill_buf(&mut self) -> impl Future<Output = Result<&[u8], Error>> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.reader.consume(length);
    }
}

impl Write for Flow {
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<usize, Error>> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        self.writer.flush()
    }
}

impl BufWrite for Flow {
    fn space(&mut self) -> impl Future<Output = Result<&mut [u8], Error>> {
        self.writer.space()
    }

    fn commit(&mut self, length: usize) {
        self.writer.commit(length);
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Error>> {
        self.writer.close()
    }
}
