//! What comes back.

use alloc::collections::VecDeque;
use core::cell::RefCell;
use core::future::poll_fn;
use core::net::IpAddr;
use core::task::{Poll, Waker};

use mirage::time::Instant;
use mirage::{Packet, Packets, Undelivered, Why};

use crate::echo;

/// How much is kept while nobody asks for it.
const MOST: usize = 64;

/// Answers of one host to one pinger.
pub struct Replies {
    from: IpAddr,
    /// What tells the questions of this pinger from others'.
    pub identifier: u16,
    heard: RefCell<VecDeque<Heard>>,
    waiting: RefCell<Option<Waker>>,
}

/// Something that was heard.
pub enum Heard {
    /// An answer.
    Reply {
        sequence: u16,
        length: usize,
        at: Instant,
    },
    /// Somebody says that a question did not get there.
    Undelivered(&'static str),
}

impl Replies {
    /// None yet.
    pub fn new(from: IpAddr, identifier: u16) -> Self {
        Self {
            from,
            identifier,
            heard: RefCell::default(),
            waiting: RefCell::default(),
        }
    }

    /// The next that is heard.
    pub async fn next(&self) -> Heard {
        poll_fn(|context| match self.heard.borrow_mut().pop_front() {
            Some(heard) => Poll::Ready(heard),
            None => {
                self.waiting.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    fn put(&self, heard: Heard) {
        let mut kept = self.heard.borrow_mut();
        if kept.len() < MOST {
            kept.push_back(heard);
        }
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl Packets for Replies {
    fn input(&self, packet: Packet<'_>) {
        match echo::reply(packet.source, packet.payload) {
            Some((identifier, sequence, length))
                if packet.source == self.from && identifier == self.identifier =>
            {
                self.put(Heard::Reply {
                    sequence,
                    length,
                    at: packet.now,
                });
            }
            _ => {}
        }
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        let identifier = report.quoted.get(4..6).map(|bytes| [bytes[0], bytes[1]]);
        if report.destination == self.from && identifier == Some(self.identifier.to_be_bytes()) {
            self.put(Heard::Undelivered(match report.why {
                Why::TooLarge(_) => "larger than the path takes",
                Why::Refused => "it does not take such packets",
                Why::Unreachable => "unreachable",
            }));
        }
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}
