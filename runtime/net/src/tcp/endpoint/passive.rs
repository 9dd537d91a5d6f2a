//! Segments that belong to no connection: of one that is being opened, of one that is over, or of nobody.

use alloc::rc::Rc;

use mirage::{Clock, Ip, Random};

use super::input::Arrival;
use super::{Endpoint, answer, core::BACKLOG, output};
use crate::tcp::connection::{Connection, Handshake};
use crate::tcp::guard::cookie;
use crate::tcp::table::{Closed, HalfOpen};
use crate::tcp::{Seq, Timestamps};

/// The segment size of a peer that does not say (RFC 9293 section 3.7.1, MUST-15).
const SIZE_V4: u16 = 536;
const SIZE_V6: u16 = 1220;
/// How far the numbers of a connection begin behind those of the one before it between the same ends.
const BEHIND: u32 = 0x1_0000;

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    pub(super) fn stranger(&self, arrival: &Arrival<'_>) {
        let Arrival { pair, hash, .. } = arrival;
        let over = self.core.time_waits.borrow().find(*hash, pair);
        if let Some(place) = over {
            return self.time_wait(place, arrival);
        }
        let half_open = self.half_open.borrow().find(*hash, pair);
        if let Some(place) = half_open {
            return self.syn_received(place, arrival);
        }
        self.listening(arrival, None);
    }

    /// LISTEN, or CLOSED when nobody does (RFC 9293 sections 3.10.7.1 and 3.10.7.2). `last` is what an earlier
    /// connection between the same ends sent last.
    fn listening(&self, arrival: &Arrival<'_>, last: Option<Seq>) {
        let Arrival { pair, segment, now, .. } = arrival;
        if segment.rst {
            return;
        }
        let port = self.core.ports.borrow().find(pair.local_port);
        let Some(port) = port else { return self.refuse(arrival) };
        if let Some(ack) = segment.ack {
            let (iss, irs) = (ack - 1, segment.seq - 1);
            let cookie = (!segment.syn).then(|| self.cookies.borrow().check(&self.core.secret, *pair, iss, irs, *now));
            match cookie.flatten() {
                Some(half) => self.redeem(half, arrival),
                None => self.refuse(arrival),
            }
            return;
        }
        // A peer is not answered while there is no room for it: it will ask again.
        if !segment.syn || segment.fin || port.queue.borrow().len() >= BACKLOG {
            return;
        }
        let sequence = Seq(self.core.secret.sequence(pair, *now));
        let iss = match last {
            // Later than all the earlier connection has sent (RFC 9293 section 3.4.3).
            Some(last) if !sequence.gt(last + BEHIND) => last + BEHIND,
            _ => sequence,
        };
        let unsaid = if pair.remote().is_ipv4() { SIZE_V4 } else { SIZE_V6 };
        let half = HalfOpen {
            pair: *pair,
            iss,
            irs: segment.seq,
            echo: segment.timestamps.map_or(0, |timestamps| timestamps.value),
            timestamps: segment.timestamps.is_some(),
            mss: segment.mss.unwrap_or(unsaid),
            window: segment.window,
            scale: segment.window_scale.map(|scale| scale.min(14)),
            sack: segment.sack_permitted,
            sent: 0,
            due: 0,
        };
        if !self.half_open.borrow_mut().insert(half, *now, |pair| self.core.secret.hash(pair)) {
            self.hand_out_cookie(&half, arrival);
        }
    }

    fn hand_out_cookie(&self, half: &HalfOpen, arrival: &Arrival<'_>) {
        let iss = self.cookies.borrow_mut().bake(&self.core.secret, half, arrival.now);
        if let (Some(iss), Ok(route)) = (iss, self.ip.route_from(half.pair.local().ip(), half.pair.remote().ip())) {
            let (config, mss) = (&self.core.shared.config, output::path(&route).mss);
            self.reply(&half.pair, &answer::syn_ack_with_cookie(half, iss, config, mss, self.clock(arrival)));
        }
    }

    /// The ACK that ends a handshake only the peer remembers (RFC 4987 section 3.6).
    fn redeem(&self, mut half: HalfOpen, arrival: &Arrival<'_>) {
        half.window = arrival.segment.window;
        if let Some(Timestamps { value, echo }) = arrival.segment.timestamps {
            cookie::read_stamp(&mut half, echo, value);
        }
        self.accept(&half, arrival);
    }

    /// SYN-RECEIVED (RFC 9293 section 3.10.7.4).
    fn syn_received(&self, place: u32, arrival: &Arrival<'_>) {
        let Arrival { segment, pair, now, .. } = arrival;
        let half = *self.half_open.borrow().get(place);
        let hash = |pair: &_| self.core.secret.hash(pair);
        let expected = half.irs + 1;
        if segment.rst {
            // Only one that is exactly right is believed (RFC 5961 section 3.2).
            if segment.seq == expected {
                self.half_open.borrow_mut().remove(place, hash);
            }
            return;
        }
        if segment.syn {
            if segment.seq == half.irs && segment.ack.is_none() {
                if half.sent > 0 && self.replies.get() < super::device::REPLIES {
                    self.replies.set(self.replies.get() + 1);
                    // Lost like any other packet if there is no room: it is sent again.
                    let _ = self.send_syn_ack(&half, *now);
                }
            } else if self.may_challenge(*now) {
                self.reply(pair, &answer::half_open(&half, &self.core.shared.config, self.clock(arrival)));
            }
            return;
        }
        let Some(ack) = segment.ack else { return };
        if ack != half.iss + 1 {
            return self.refuse(arrival);
        }
        // An old segment, or none of this connection (RFC 7323 section 5.3 and section 3.2).
        let stale =
            half.timestamps && segment.timestamps.is_none_or(|timestamps| Seq(timestamps.value).lt(Seq(half.echo)));
        if stale || segment.seq.distance(expected) > u32::from(self.core.shared.config.first_window()) {
            if self.may_challenge(*now) {
                self.reply(pair, &answer::half_open(&half, &self.core.shared.config, self.clock(arrival)));
            }
            return;
        }
        if self.accept(&half, arrival) {
            self.half_open.borrow_mut().remove(place, hash);
        }
    }

    /// Makes a connection of a handshake, and gives the segment that ended it to the connection. False when there is no
    /// room for one; the peer, which thinks it stands, sends again.
    fn accept(&self, half: &HalfOpen, arrival: &Arrival<'_>) -> bool {
        let port = self.core.ports.borrow().find(half.pair.local_port);
        let Some(port) = port else {
            self.refuse(arrival);
            return true;
        };
        let Ok(route) = self.ip.route_from(half.pair.local().ip(), half.pair.remote().ip()) else { return false };
        if port.queue.borrow().len() >= BACKLOG {
            return false;
        }
        let handshake = Handshake {
            iss: half.iss,
            irs: half.irs,
            peer_mss: half.mss,
            peer_window: half.window.into(),
            peer_scale: half.scale,
            our_scale: self.core.shared.config.scale(),
            sack: half.sack,
            timestamps: half.timestamps.then_some(half.echo),
            timestamp_offset: self.core.secret.clock(&half.pair),
            round_trip: half.round_trip(arrival.now),
        };
        let Self { core, .. } = self;
        let connection = Connection::accepted(arrival.now, handshake, output::path(&route), Rc::clone(&core.shared));
        let socket = core.insert(half.pair, connection, route.offloads);
        port.queue.borrow_mut().push_back(Rc::clone(&socket));
        if let Some(waker) = port.waker.take() {
            waker.wake();
        }
        self.deliver(&socket, arrival);
        true
    }

    /// TIME-WAIT (RFC 9293 section 3.10.7.4).
    fn time_wait(&self, place: u32, arrival: &Arrival<'_>) {
        let Arrival { segment, payload, pair, now, .. } = arrival;
        let closed = *self.core.time_waits.borrow().get(place);
        if segment.rst {
            // It would end the wait too early (RFC 1337 section 3).
            return;
        }
        if segment.syn && segment.ack.is_none() && is_new(&closed, segment.seq, segment.timestamps) {
            self.core.time_waits.borrow_mut().remove(place, |pair| self.core.secret.hash(pair));
            return self.listening(arrival, Some(closed.sent));
        }
        let again = segment.fin && segment.seq + segment.length(payload.len()) == closed.received;
        if again {
            // Our ACK of it was lost.
            self.core.time_waits.borrow_mut().restart(place, *now);
        }
        // An ACK alone is never answered, else two ends might do so for ever.
        if again || (segment.length(payload.len()) > 0 && self.may_challenge(*now)) {
            self.reply(pair, &answer::time_wait(&closed, self.clock(arrival)));
        }
    }

    /// The timestamp of an answer.
    fn clock(&self, arrival: &Arrival<'_>) -> u32 {
        answer::clock(arrival.now).wrapping_add(self.core.secret.clock(&arrival.pair))
    }
}

/// Whether a SYN cannot be an old one of the connection that is over (RFC 6191 section 2).
fn is_new(closed: &Closed, seq: Seq, timestamps: Option<Timestamps>) -> bool {
    match timestamps {
        Some(timestamps) if closed.timestamps && timestamps.value != closed.echo => {
            Seq(timestamps.value).gt(Seq(closed.echo))
        }
        _ => seq.gt(closed.received),
    }
}
