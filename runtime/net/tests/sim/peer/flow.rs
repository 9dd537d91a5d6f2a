//! A smoltcp connection as a flow.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

use mirage::BufWrite;
use mirage::io::{BufRead, ErrorKind, ErrorType, Read, Write};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{RecvError, Socket};
use smoltcp::wire::IpEndpoint;

use super::Peer;

pub struct Flow {
    local: SocketAddr,
    peer: SocketAddr,
    reader: Reader,
    writer: Writer,
}

pub struct Reader {
    host: Peer,
    handle: SocketHandle,
    piece: Vec<u8>,
    consumed: usize,
}

pub struct Writer {
    host: Peer,
    handle: SocketHandle,
    buffer: Vec<u8>,
    filled: usize,
}

impl Flow {
    pub fn new(host: Peer, handle: SocketHandle) -> Self {
        // Unknown once it is reset; nobody asks then.
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = |end: Option<IpEndpoint>| end.map_or(unknown, |end| SocketAddr::new(end.addr.into(), end.port));
        let (local, peer) = {
            let core = host.core.borrow();
            let socket = core.sockets.get::<Socket>(handle);
            (address(socket.local_endpoint()), address(socket.remote_endpoint()))
        };
        let reader = Reader { host: host.clone(), handle, piece: Vec::new(), consumed: 0 };
        let writer = Writer { host, handle, buffer: vec![0; 4096], filled: 0 };
        Self { local, peer, reader, writer }
    }
}

impl mirage::Flow for Flow {
    type Reader = Reader;
    type Writer = Writer;

    fn peer(&self) -> SocketAddr {
        self.peer
    }

    fn local(&self) -> SocketAddr {
        self.local
    }

    fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

impl ErrorType for Reader {
    type Error = ErrorKind;
}

impl BufRead for Reader {
    async fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        if self.consumed == self.piece.len() {
            let next = poll_fn(|context| {
                let mut core = self.host.core.borrow_mut();
                let socket = core.sockets.get_mut::<Socket>(self.handle);
                let mut piece = vec![0; 4096];
                match socket.recv_slice(&mut piece) {
                    Ok(0) => {
                        socket.register_recv_waker(context.waker());
                        Poll::Pending
                    }
                    Ok(length) => {
                        piece.truncate(length);
                        core.kick();
                        Poll::Ready(Ok(piece))
                    }
                    Err(RecvError::Finished) => Poll::Ready(Ok(Vec::new())),
                    Err(RecvError::InvalidState) => Poll::Ready(Err(ErrorKind::ConnectionReset)),
                }
            });
            (self.piece, self.consumed) = (next.await?, 0);
        }
        Ok(&self.piece[self.consumed..])
    }

    fn consume(&mut self, length: usize) {
        self.consumed += length;
    }
}

impl Read for Reader {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let received = self.fill_buf().await?;
        let length = received.len().min(into.len());
        into[..length].copy_from_slice(&received[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl ErrorType for Writer {
    type Error = ErrorKind;
}

impl Write for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let space = self.space().await?;
        let length = space.len().min(bytes.len());
        space[..length].copy_from_slice(&bytes[..length]);
        self.commit(length);
        Ok(length)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        let (mut sent, filled) = (0, std::mem::take(&mut self.filled));
        while sent < filled {
            sent += poll_fn(|context| {
                let mut core = self.host.core.borrow_mut();
                let socket = core.sockets.get_mut::<Socket>(self.handle);
                match socket.send_slice(&self.buffer[sent..filled]) {
                    Ok(0) => {
                        socket.register_send_waker(context.waker());
                        Poll::Pending
                    }
                    Ok(length) => {
                        core.kick();
                        Poll::Ready(Ok(length))
                    }
                    Err(_) => Poll::Ready(Err(ErrorKind::ConnectionReset)),
                }
            })
            .await?;
        }
        Ok(())
    }
}

impl BufWrite for Writer {
    async fn space(&mut self) -> Result<&mut [u8], ErrorKind> {
        if self.filled == self.buffer.len() {
            self.flush().await?;
        }
        Ok(&mut self.buffer[self.filled..])
    }

    fn commit(&mut self, length: usize) {
        self.filled += length;
    }

    async fn close(&mut self) -> Result<(), ErrorKind> {
        self.flush().await?;
        self.end();
        Ok(())
    }
}

impl Writer {
    fn end(&self) {
        let mut core = self.host.core.borrow_mut();
        core.sockets.get_mut::<Socket>(self.handle).close();
        core.kick();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

impl ErrorType for Flow {
    type Error = ErrorKind;
}

impl Read for Flow {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.reader.read(into).await
    }
}

impl BufRead for Flow {
    async fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        self.reader.fill_buf().await
    }

    fn consume(&mut self, length: usize) {
        self.reader.consume(length);
    }
}

impl Write for Flow {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.writer.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.writer.flush().await
    }
}

impl BufWrite for Flow {
    async fn space(&mut self) -> Result<&mut [u8], ErrorKind> {
        self.writer.space().await
    }

    fn commit(&mut self, length: usize) {
        self.writer.commit(length);
    }

    async fn close(&mut self) -> Result<(), ErrorKind> {
        self.writer.close().await
    }
}
