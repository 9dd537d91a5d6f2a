//! What is in flight: which octets were sent when, which arrived out of order (RFC 2018, RFC 6675) and which are
//! believed lost (RFC 8985).

use mirage::time::Instant;

use crate::tcp::Seq;
use crate::tcp::buffer::Few;

/// Octets that were sent at once, the device may have cut them into segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub start: Seq,
    pub end: Seq,
    pub at: Instant,
    /// Sent more than once.
    pub again: bool,
    /// The peer has them.
    pub sacked: bool,
    /// They are believed lost, and are to be sent again.
    pub lost: bool,
}

impl Sent {
    pub fn len(&self) -> u32 {
        self.end.distance(self.start)
    }
}

/// Everything that was sent and not acknowledged, in order and without gaps.
#[derive(Debug, Default)]
pub(super) struct Scoreboard {
    sent: Few<Sent>,
    sacked: u32,
    lost: u32,
    /// How many entries were sent more than once.
    again: u32,
}

impl Scoreboard {
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Bytes the peer has received out of order.
    pub fn sacked(&self) -> u32 {
        self.sacked
    }

    /// Bytes believed lost and not sent again since.
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// Whether anything was sent again.
    pub fn any_again(&self) -> bool {
        self.again > 0
    }

    pub fn front(&self) -> Option<&Sent> {
        self.sent.front()
    }

    pub fn back(&self) -> Option<&Sent> {
        self.sent.back()
    }

    /// Octets that never went out before.
    pub fn push(&mut self, start: Seq, end: Seq, at: Instant) {
        self.sent.push_back(Sent { start, end, at, again: false, sacked: false, lost: false });
    }

    /// Everything before `ack` has arrived; `each` is told of what was not known to have.
    pub fn acknowledge(&mut self, ack: Seq, mut each: impl FnMut(&Sent)) {
        while let Some(first) = self.sent.front_mut() {
            if first.start.ge(ack) {
                break;
            }
            let mut part = *first;
            let whole = first.end.le(ack);
            if whole {
                self.again -= u32::from(first.again);
            } else {
                part.end = ack;
                first.start = ack;
            }
            if part.sacked {
                self.sacked -= part.len();
            } else {
                each(&part);
            }
            if part.lost {
                self.lost -= part.len();
            }
            if !whole {
                break;
            }
            self.sent.pop_front();
        }
    }

    /// The octets from `left` up to `right` have arrived; `each` is told of what was not known to have.
    pub fn sack(&mut self, left: Seq, right: Seq, mut each: impl FnMut(&Sent)) {
        let mut at = self.split(left);
        let end = self.split(right);
        while at < end {
            if let Some(sent) = self.sent.get_mut(at)
                && !sent.sacked
            {
                if sent.lost {
                    self.lost -= sent.len();
                    sent.lost = false;
                }
                sent.sacked = true;
                self.sacked += sent.len();
                each(sent);
            }
            at += 1;
        }
    }

    /// Makes an entry begin at `seq`, if it lies inside of one; the index of the first that begins there or later.
    fn split(&mut self, seq: Seq) -> usize {
        let index = self.sent.partition_point(|sent| sent.end.le(seq));
        match self.sent.get_mut(index) {
            Some(sent) if sent.start.lt(seq) => {
                let tail = Sent { start: seq, ..*sent };
                sent.end = seq;
                self.again += u32::from(tail.again);
                self.sent.insert(index + 1, tail);
                index + 1
            }
            _ => index,
        }
    }

    /// Believes everything lost that has not arrived and for which `is` holds; whether there was any. `is` sees only
    /// what is not lost already.
    pub fn lose(&mut self, mut is: impl FnMut(&Sent) -> bool) -> bool {
        let before = self.lost;
        for sent in self.sent.iter_mut() {
            if !sent.sacked && !sent.lost && is(sent) {
                sent.lost = true;
                self.lost += sent.len();
            }
        }
        self.lost > before
    }

    /// Believes the first octets lost that have not arrived, at most `most` of them.
    pub fn lose_first(&mut self, most: u32) -> bool {
        let Some(start) = self.sent.iter().find(|sent| !sent.sacked).map(|sent| sent.start) else { return false };
        self.split(start + most);
        match self.sent.iter_mut().find(|sent| sent.start == start) {
            Some(sent) if !sent.lost => {
                sent.lost = true;
                self.lost += sent.len();
                true
            }
            _ => false,
        }
    }

    /// Believes nothing lost any more: it was only late.
    pub fn restore(&mut self) {
        self.lost = 0;
        for sent in self.sent.iter_mut() {
            sent.lost = false;
        }
    }

    /// Forgets what arrived out of order: the peer threw it away (RFC 2018, 8).
    pub fn renege(&mut self) {
        self.sacked = 0;
        for sent in self.sent.iter_mut() {
            sent.sacked = false;
        }
    }

    /// The first octets at or after `from` that are believed lost.
    pub fn next_lost(&self, from: Seq) -> Option<(Seq, Seq)> {
        if self.lost == 0 {
            return None;
        }
        let index = self.sent.partition_point(|sent| sent.end.le(from));
        self.sent.iter_from(index).find(|sent| sent.lost).map(|sent| (sent.start.later(from), sent.end))
    }

    /// Octets went out again.
    pub fn sent_again(&mut self, start: Seq, end: Seq, at: Instant) {
        let mut index = self.split(start);
        let stop = self.split(end);
        while index < stop {
            if let Some(sent) = self.sent.get_mut(index) {
                if sent.lost {
                    self.lost -= sent.len();
                    sent.lost = false;
                }
                self.again += u32::from(!sent.again);
                sent.again = true;
                sent.at = at;
            }
            index += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Instant, Scoreboard, Seq};

    fn board() -> Scoreboard {
        let mut board = Scoreboard::default();
        for at in 0..4 {
            board.push(Seq(at * 100), Seq(at * 100 + 100), Instant::START);
        }
        board
    }

    /// RFC 6675, 4: what arrived, what is lost and what is in flight, counted through every change.
    #[test]
    fn blocks_split_what_was_sent_at_once() {
        let mut board = board();
        let mut news = Vec::new();
        board.sack(Seq(150), Seq(250), |sent| news.push((sent.start.0, sent.end.0)));
        board.sack(Seq(150), Seq(260), |sent| news.push((sent.start.0, sent.end.0)));
        assert_eq!(news, [(150, 200), (200, 250), (250, 260)]);
        assert_eq!(board.sacked(), 110);
        assert!(board.lose(|sent| sent.start.lt(Seq(200))));
        assert_eq!((board.lost(), board.next_lost(Seq(20))), (150, Some((Seq(20), Seq(100)))));
        board.sent_again(Seq(0), Seq(50), Instant::START);
        assert_eq!((board.lost(), board.next_lost(Seq(0))), (100, Some((Seq(50), Seq(100)))));
        news.clear();
        board.acknowledge(Seq(255), |sent| news.push((sent.start.0, sent.end.0)));
        assert_eq!(news, [(0, 50), (50, 100), (100, 150)]);
        assert_eq!((board.lost(), board.sacked(), board.any_again()), (0, 5, false));
        board.acknowledge(Seq(400), |_| ());
        assert!(board.is_empty() && board.sacked() == 0);
    }

    #[test]
    fn the_first_hole_is_found() {
        let mut board = board();
        board.sack(Seq(0), Seq(100), |_| ());
        assert!(board.lose_first(30) && !board.lose_first(30));
        assert_eq!(board.next_lost(Seq(0)), Some((Seq(100), Seq(130))));
        board.restore();
        board.renege();
        assert_eq!((board.lost(), board.sacked(), board.next_lost(Seq(0))), (0, 0, None));
    }
}
