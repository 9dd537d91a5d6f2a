//! What is sent at the end of a round: only what is due or has changed is looked at.

use alloc::rc::Rc;

use mirage::time::Instant;
use mirage::{Clock, Ip, Random, Refused};

use super::{Endpoint, Socket, answer, output};
use crate::due::earliest;
use crate::tcp::table::HalfOpen;

/// SYN-ACKs of remembered handshakes that are sent in one round; the others wait for the next.
const SYN_ACKS: usize = 256;

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    /// Sends what is due; when there will be more.
    pub(super) fn round(&self, now: Instant) -> Option<Instant> {
        // Where a layer below tells of no batches.
        self.deliver_all();
        self.core.begin();
        self.replies.set(0);
        self.expire(now);
        let answered = self.send_syn_acks(now);
        let room = self.send_resets().and_then(|()| self.send_dirty(now));
        self.core.end();

        let hash = |pair: &_| self.core.secret.hash(pair);
        let time_wait = self.core.time_waits.borrow_mut().expire(now, hash);
        let connection = self.core.connections.borrow().deadline();
        // With no room, the interface says when there is some; otherwise what is left became due just now.
        let left = room.is_ok() && !self.core.dirty.borrow().is_empty();
        let half_open = if answered { self.half_open.borrow().deadline(now) } else { None };
        earliest(&[time_wait, connection, left.then_some(now), half_open])
    }

    /// Tells the connections that are due what time it is.
    fn expire(&self, now: Instant) {
        loop {
            let due = self.core.connections.borrow_mut().due(now);
            let Some(socket) = due else { break };
            self.core.visit();
            let Ok(changes) = socket.connection.try_borrow_mut().map(|mut connection| connection.expire(now)) else {
                continue;
            };
            self.core.apply(&socket, changes, now);
        }
    }

    /// False when the interface has no room for more.
    fn send_syn_acks(&self, now: Instant) -> bool {
        for _ in 0..SYN_ACKS {
            let due = self.half_open.borrow_mut().due(now, |pair| self.core.secret.hash(pair));
            let Some((place, half)) = due else { return true };
            if self.send_syn_ack(&half, now) == Err(Refused::Full) {
                return false;
            }
            self.half_open.borrow_mut().sent(place, now);
        }
        true
    }

    fn send_resets(&self) -> Result<(), Refused> {
        loop {
            let next = self.core.resets.borrow().front().copied();
            let Some((pair, offloads, segment)) = next else { return Ok(()) };
            if output::send(&self.ip, &pair, offloads, &segment, &[], 0) == Err(Refused::Full) {
                return Err(Refused::Full);
            }
            self.core.resets.borrow_mut().pop_front();
        }
    }

    fn send_dirty(&self, now: Instant) -> Result<(), Refused> {
        let mut work = self.core.dirty.replace(self.spare.take());
        let mut left = work.drain(..);
        let mut outcome = Ok(());
        for socket in &mut left {
            self.core.visit();
            socket.dirty.set(false);
            match self.transmit(&socket, now) {
                Err(Refused::Full) => {
                    socket.dirty.set(true);
                    self.core.dirty.borrow_mut().push(socket);
                    outcome = Err(Refused::Full);
                    break;
                }
                _ => self.core.settle(&socket, now),
            }
        }
        self.core.dirty.borrow_mut().extend(left);
        self.spare.set(work);
        outcome
    }

    /// Sends what an application has left already and what just came lets go, before applications run and leave more:
    /// meanwhile the path would be empty.
    pub(super) fn send_waiting(&self, now: Instant) {
        for at in 0.. {
            let Some(socket) = self.core.dirty.borrow().get(at).map(Rc::clone) else { return };
            self.core.visit();
            let waits = socket.connection.try_borrow().is_ok_and(|connection| connection.waits_to_send());
            // It stays marked: what there is no room for, and what follows from this, is seen to at the end of the round.
            if waits && self.transmit(&socket, now) == Err(Refused::Full) {
                return;
            }
        }
    }

    fn transmit(&self, socket: &Socket, now: Instant) -> Result<(), Refused> {
        // The layer below queues what it is given; should it hand a packet up meanwhile, one for this connection is
        // dropped like one lost on the way.
        let Ok(mut connection) = socket.connection.try_borrow_mut() else { return Ok(()) };
        let (pair, offloads) = (socket.pair(), socket.offloads.get());
        let mut too_large = false;
        let outcome = connection.transmit(now, &mut |segment, payload, cut| {
            let sent = output::send(&self.ip, pair, offloads, segment, payload, cut);
            too_large |= sent == Err(Refused::TooLarge);
            sent
        });
        // The path takes less than it did, and somebody has told IP already.
        if too_large && let Ok(route) = self.ip.route_from(pair.local().ip(), pair.remote().ip()) {
            connection.path_mtu(output::path(&route).mss);
            return connection.transmit(now, &mut |segment, payload, cut| {
                output::send(&self.ip, pair, offloads, segment, payload, cut)
            });
        }
        outcome
    }

    pub(super) fn send_syn_ack(&self, half: &HalfOpen, now: Instant) -> Result<(), Refused> {
        let route = self.ip.route_from(half.pair.local().ip(), half.pair.remote().ip())?;
        let clock = answer::clock(now).wrapping_add(self.core.secret.clock(&half.pair));
        let segment = answer::syn_ack(half, &self.core.shared.config, output::path(&route).mss, clock);
        output::send(&self.ip, &half.pair, route.offloads, &segment, &[], 0)
    }
}
