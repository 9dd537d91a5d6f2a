//! The datagrams a socket has not read yet.

use alloc::collections::VecDeque;
use core::net::SocketAddr;

/// Datagrams in the order they came, their bytes in one ring: once it has grown, a datagram costs no allocation.
#[derive(Default)]
pub struct Queue {
    datagrams: VecDeque<(SocketAddr, usize)>,
    bytes: VecDeque<u8>,
}

impl Queue {
    /// The most datagrams kept.
    pub const DATAGRAMS: usize = 512;
    /// The most bytes kept: four datagrams of the largest size.
    pub const BYTES: usize = 256 * 1024;
    /// The room an empty queue keeps for what comes next, in bytes.
    const SPARE: usize = 16 * 1024;

    /// Adds a datagram, unless there is no room for it.
    pub fn push(&mut self, from: SocketAddr, data: &[u8]) -> bool {
        let fits = self.datagrams.len() < Self::DATAGRAMS && data.len() <= Self::BYTES - self.bytes.len();
        if fits {
            self.datagrams.push_back((from, data.len()));
            self.bytes.extend(data);
        }
        fits
    }

    /// Takes the oldest datagram: as much of it as `buffer` holds, that length, and who sent it.
    pub fn pop(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let (from, length) = self.datagrams.pop_front()?;
        let taken = length.min(buffer.len());
        let (first, second) = self.bytes.as_slices();
        let split = taken.min(first.len());
        buffer[..split].copy_from_slice(&first[..split]);
        buffer[split..taken].copy_from_slice(&second[..taken - split]);
        self.bytes.drain(..length);
        if self.datagrams.is_empty() && self.bytes.capacity() > Self::SPARE {
            // What one flood has made it grow to is given back.
            self.bytes.shrink_to(Self::SPARE);
        }
        Some((taken, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn from(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    #[test]
    fn keeps_the_oldest_within_its_bounds() {
        let mut queue = Queue::default();
        let large = [7; 65_507];
        let taken = (0..6).filter(|&port| queue.push(from(port), &large)).count();
        assert_eq!(taken, 4);
        assert!(queue.push(from(9), b"small"), "what fits still fits");
        let mut buffer = [0; 70_000];
        for port in 0..4 {
            assert_eq!(queue.pop(&mut buffer), Some((65_507, from(port))));
        }
        assert_eq!(queue.pop(&mut buffer), Some((5, from(9))));
        assert_eq!(queue.pop(&mut buffer), None);
        assert!(queue.bytes.capacity() <= Queue::SPARE);

        let taken = (0..1000).filter(|&port| queue.push(from(port), b"")).count();
        assert_eq!(taken, Queue::DATAGRAMS);
    }

    #[test]
    fn a_short_buffer_cuts_one_datagram_off() {
        let mut queue = Queue::default();
        assert!(queue.push(from(1), b"hello") && queue.push(from(2), b"world"));
        let mut buffer = [0; 3];
        assert_eq!(queue.pop(&mut buffer), Some((3, from(1))));
        assert_eq!(&buffer, b"hel");
        assert_eq!(queue.pop(&mut buffer), Some((3, from(2))));
        assert_eq!(&buffer, b"wor");
    }
}
