//! An endpoint, driven by hand.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Offloads, Packet, Received};
use mirage_net::tcp::{Flow, Listener, Segment, Seq, Tcp, Words};
use smoltcp::wire::TcpPacket;

use super::{Link, Numbers, Sent, VirtualClock};

/// The endpoint's address and the port it listens on.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80);
/// The address of whom the test plays.
pub const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 5000);

/// A SYN with no options.
pub fn syn(seq: u32) -> Segment {
    Segment { seq: Seq(seq), syn: true, window: 65535, ..Segment::default() }
}

/// An ACK.
pub fn ack(seq: u32, ack: u32) -> Segment {
    Segment { seq: Seq(seq), ack: Some(Seq(ack)), window: 65535, ..Segment::default() }
}

/// An endpoint at [`SERVER`]'s address and what is around it.
pub struct Host {
    pub link: Link,
    pub tcp: Tcp<Link, VirtualClock, Numbers>,
    pub clock: VirtualClock,
    pub deadline: Option<Instant>,
}

impl Host {
    pub fn new() -> Self {
        Self::at(SERVER.ip(), &VirtualClock::default(), 1, Offloads::default())
    }

    pub fn at(address: IpAddr, clock: &VirtualClock, seed: u64, offloads: Offloads) -> Self {
        let link = Link::new(address, offloads);
        let tcp = ready(Tcp::connect(link.clone(), clock.clone(), Numbers::new(seed))).unwrap();
        Self { link, tcp, clock: clock.clone(), deadline: None }
    }

    pub fn listen(&self) -> Listener {
        ready(mirage::Tcp::listen(&self.tcp, SERVER.port())).unwrap()
    }

    /// Hands it a segment from [`PEER`] to [`SERVER`].
    pub fn input(&mut self, segment: Segment, payload: &[u8]) {
        self.input_from(PEER, SERVER, segment, payload);
    }

    pub fn input_from(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        self.put_from(from, to, segment, payload);
        self.link.above().end_batch();
    }

    /// Hands it a segment from [`PEER`] to [`SERVER`], behind which more of its batch may come.
    pub fn put(&mut self, segment: Segment, payload: &[u8]) {
        self.put_from(PEER, SERVER, segment, payload);
    }

    fn put_from(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        let segment = Segment { source_port: from.port(), destination_port: to.port(), ..segment };
        let mut bytes = [&*segment.emit(&mut Words::new()), payload].concat();
        TcpPacket::new_unchecked(&mut bytes).fill_checksum(&from.ip().into(), &to.ip().into());
        self.put_bytes(from.ip(), to.ip(), &mut bytes, Received::default());
    }

    pub fn input_bytes(&mut self, source: IpAddr, destination: IpAddr, payload: &mut [u8], received: Received) {
        self.put_bytes(source, destination, payload, received);
        self.link.above().end_batch();
    }

    fn put_bytes(&mut self, source: IpAddr, destination: IpAddr, payload: &mut [u8], received: Received) {
        let now = self.clock.now();
        self.link.above().input(Packet { source, destination, protocol: 6, payload, received, now });
    }

    /// Ends the round.
    pub fn poll(&mut self) {
        self.link.was_woken();
        self.deadline = self.link.above().poll(self.clock.now());
    }

    /// Ends the round; what it has sent, each with a good checksum.
    pub fn sent(&mut self) -> Vec<(Segment, Vec<u8>)> {
        self.poll();
        std::iter::from_fn(|| self.link.take()).map(read).collect()
    }

    /// The one segment it has sent.
    pub fn answer(&mut self) -> Segment {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0).0
    }

    /// Lets time pass, with a poll whenever one was asked for; what was sent, and when.
    pub fn pass(&mut self, duration: Duration) -> Vec<(Duration, Segment)> {
        let (start, mut sent) = (self.clock.now(), Vec::new());
        self.poll();
        loop {
            sent.extend(
                std::iter::from_fn(|| self.link.take()).map(|packet| (self.clock.now() - start, read(packet).0)),
            );
            match self.deadline {
                Some(deadline) if deadline <= start + duration => self.clock.set(deadline.max(self.clock.now())),
                _ => break,
            }
            self.poll();
        }
        self.clock.set(start + duration);
        sent
    }

    /// A connection from [`PEER`], accepted: the peer's next number, the endpoint's, and the flow.
    pub fn accept(&mut self, listener: &mut Listener) -> (u32, u32, Flow) {
        self.input(Segment { mss: Some(1460), ..syn(1000) }, &[]);
        let answer = self.answer();
        assert!(answer.syn && answer.ack == Some(Seq(1001)), "{answer:?}");
        self.input(ack(1001, answer.seq.0 + 1), &[]);
        (1001, answer.seq.0.wrapping_add(1), ready(mirage::Listener::accept(listener)).unwrap())
    }
}

fn read(sent: Sent) -> (Segment, Vec<u8>) {
    let packet = TcpPacket::new_checked(&sent.bytes).unwrap();
    assert!(packet.verify_checksum(&sent.header.source.into(), &sent.header.destination.into()));
    let (segment, offset) = Segment::parse(&sent.bytes).unwrap();
    (segment, sent.bytes[offset..].to_vec())
}

/// The output of a future that has nothing to wait for.
pub fn ready<F: Future>(future: F) -> F::Output {
    poll(future).expect("nothing to wait for")
}

/// Has what was written sent; it lets others have their turn once, and waits for nothing else.
pub fn flushed<W: embedded_io_async::Write>(writer: &mut W) -> Result<(), W::Error> {
    let mut flush = pin!(writer.flush());
    let mut context = Context::from_waker(Waker::noop());
    assert!(flush.as_mut().poll(&mut context).is_pending(), "others have their turn first");
    ready(flush)
}

/// The output of a future, if it has nothing to wait for.
pub fn poll<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
