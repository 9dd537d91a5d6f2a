//! What is sent when (RFC 9293, 3.8): lost octets first, then new ones, then what merely acknowledges.

use mirage::Refused;
use mirage::time::Instant;

use super::state::{Connection, State};
use super::timers::{DELAYED_ACK, Deadline, Purpose};
use crate::tcp::buffer::Payload;
use crate::tcp::{Sack, Segment, Seq, Timestamps};

/// Who takes what is sent: the header without ports, the payload in parts, and the size of the segments the device is to
/// cut it into, in bytes; 0 if it is one.
type Emit<'e> = dyn FnMut(&Segment, &[&[u8]], u16) -> Result<(), Refused> + 'e;

/// The most a SACK option takes of a segment, in bytes.
const SACK_MOST: u32 = 36;

impl Connection {
    /// Hands over everything that is due.
    ///
    /// # Errors
    /// [`Refused::Full`]: call it again when there is room. What is refused for another reason counts as lost on its
    /// way.
    pub fn transmit(&mut self, now: Instant, emit: &mut Emit<'_>) -> Result<(), Refused> {
        self.now = now;
        if self.sender.flight() == 0 && self.sender.backoff == 0 {
            self.sender.progress = now;
        }
        let outcome = self.send_all(emit);
        self.arm();
        outcome
    }

    /// Whether [`transmit`](Self::transmit) has something to do.
    pub fn is_dirty(&self) -> bool {
        self.state != State::Closed && (self.receiver.due || self.sender.wanted.any() || self.waits_to_send())
    }

    /// Whether it has octets or a FIN to send, for the first time or again, as soon as the windows allow.
    pub fn waits_to_send(&self) -> bool {
        let sender = &self.sender;
        self.is_synchronized() && (sender.board.lost() > 0 || sender.unsent() > 0 || sender.fin_waits())
    }

    /// Whether what just came is to be answered before anything else is taken in: octets out of order, or once more (RFC
    /// 5681, 4.2). One answer to several of them would tell of the last only (RFC 2883, 4), and of no more gaps than fit
    /// (RFC 2018, 4).
    pub fn is_urgent(&self) -> bool {
        let receiver = &self.receiver;
        receiver.due && self.is_synchronized() && (receiver.has_gaps() || receiver.duplicate.is_some())
    }

    /// Acknowledges, and sends nothing else.
    ///
    /// # Errors
    /// [`Refused::Full`]: [`transmit`](Self::transmit) does so when there is room.
    pub fn acknowledge_now(&mut self, now: Instant, emit: &mut Emit<'_>) -> Result<(), Refused> {
        self.now = now;
        let segment = self.header(self.sender.nxt);
        self.hand_over(&segment, &[], 0, emit)
    }

    fn send_all(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        match self.state {
            State::Closed => return Ok(()),
            State::SynSent | State::SynReceived => {
                return if self.sender.wanted.syn || self.receiver.due { self.send_syn(emit) } else { Ok(()) };
            }
            _ => {}
        }
        self.repair(emit)?;
        if self.sender.wanted.tail {
            self.probe_tail(emit)?;
        }
        self.send_new(emit)?;
        if self.sender.wanted.window {
            self.probe_window(emit)?;
        }
        if self.sender.wanted.alive {
            let segment = self.header(self.sender.nxt - 1);
            self.hand_over(&segment, &[], 0, emit)?;
            self.sender.wanted.alive = false;
        }
        if self.receiver.due {
            let segment = self.header(self.sender.nxt);
            self.hand_over(&segment, &[], 0, emit)?;
        }
        Ok(())
    }

    /// RFC 9293, 3.5, with the options of RFC 9293, 3.7.1, RFC 7323 and RFC 2018.
    fn send_syn(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let answer = self.state == State::SynReceived;
        let mut segment = self.header(self.sender.iss);
        segment.syn = true;
        segment.ack = segment.ack.filter(|_| answer);
        segment.window = self.shared.config.first_window();
        segment.mss = Some(self.path.mss);
        segment.window_scale =
            (!answer || self.sender.scale > 0 || self.receiver.scale > 0).then(|| self.shared.config.scale());
        segment.sack_permitted = !answer || self.sack;
        let echo = if answer { self.stamps.recent } else { 0 };
        let timestamps = Timestamps { value: self.stamps.of(self.now), echo };
        segment.timestamps = (!answer || self.stamps.on).then_some(timestamps);
        self.hand_over(&segment, &[], 0, emit)?;
        self.sender.nxt = self.sender.iss + 1;
        self.sender.wanted.syn = false;
        if self.unreachable {
            // Not even the first hop answers, or there is none.
            self.unreachable(false);
        }
        Ok(())
    }

    /// Sends again what is lost, as far as the congestion window allows.
    fn repair(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let mut from = self.sender.una;
        while let Some((start, end)) = self.sender.board.next_lost(from) {
            let room = self.sender.congestion.window.saturating_sub(self.sender.pipe());
            if room == 0 {
                self.sender.limited = true;
                break;
            }
            let length = self.cut(end.distance(start), room);
            from = self.send_range(start, start + length, emit)?;
            self.sent_again(start, from);
        }
        Ok(())
    }

    fn sent_again(&mut self, start: Seq, end: Seq) {
        let stamp = self.stamps.of(self.now);
        let sender = &mut self.sender;
        sender.board.sent_again(start, end, self.now);
        if let Some(recovery) = sender.recovery_mut() {
            recovery.sent_again(start, end, stamp);
        }
    }

    /// How much of `length` bytes goes out at once: at least a segment, more if the device cuts it and there is `room`
    /// in the congestion window.
    fn cut(&self, length: u32, room: u32) -> u32 {
        let mss = u32::from(self.sender.mss);
        // Up to the path's segment, which has no options yet, the device cuts nothing.
        let device = if self.path.segment_most > self.path.mss.into() { self.path.segment_most } else { 0 };
        let most = device.min(room).min(0xff00).max(mss);
        if length <= most { length } else { most - most % mss }
    }

    /// Sends what was never sent.
    fn send_new(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let mss = u32::from(self.sender.mss);
        self.restart_if_idle();
        self.sender.limited = false;
        while let Some(length) = self.next_length(mss) {
            self.send_next(length, emit)?;
        }
        self.sender.limited |= self.sender.pipe() + mss > self.sender.congestion.window;
        Ok(())
    }

    /// RFC 5681, 4.1.
    fn restart_if_idle(&mut self) {
        let sender = &mut self.sender;
        if sender.flight() == 0 && self.now.since(sender.active) > sender.rtt.timeout(0) {
            sender.congestion.restart(sender.mss.into());
        }
    }

    /// How many bytes to send next, 0 for a FIN alone; none if nothing may be sent now.
    fn next_length(&mut self, mss: u32) -> Option<u32> {
        let nagle = self.shared.config.nagle;
        let unsent = self.sender.unsent();
        let usable = self.sender.usable();
        if unsent == 0 {
            return (self.sender.fin_waits() && usable > 0).then_some(0);
        }
        let room = self.sender.congestion.window.saturating_sub(self.sender.pipe());
        if room < mss.min(unsent) {
            // With nothing in flight, the window is never less than a segment.
            self.sender.limited = true;
            return None;
        }
        let available = unsent.min(usable);
        let length = self.cut(available, room);
        if length >= mss {
            // The part of a segment at the end goes on its own, if at all.
            let whole = length - length % mss;
            return Some(if length == unsent && !self.holds_back(nagle) { length } else { whole });
        }
        if length == unsent {
            return (!self.holds_back(nagle)).then_some(length);
        }
        // RFC 9293, 3.8.6.2.1: the peer's window is too small for a segment; half of the largest it ever had is enough.
        (length > 0 && length >= self.sender.window_most / 2).then_some(length)
    }

    /// RFC 9293, 3.7.4: a small segment waits while the small one before is not acknowledged, unless a FIN follows.
    fn holds_back(&self, nagle: bool) -> bool {
        nagle && !self.sender.closing && self.sender.small.gt(self.sender.una)
    }

    /// Sends `length` bytes that were never sent, and the FIN if it follows.
    fn send_next(&mut self, length: u32, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let start = self.sender.nxt;
        let fin = self.sender.closing && length == self.sender.unsent() && self.sender.usable() > length;
        let end = self.send_range(start, start + length + u32::from(fin), emit)?;
        let sender = &mut self.sender;
        if !end.distance(start).is_multiple_of(sender.mss.into()) {
            sender.small = end;
        }
        sender.nxt = end;
        sender.probed = false;
        sender.board.push(start, end, self.now);
        if let Some(recovery) = sender.recovery_mut() {
            recovery.sent = recovery.sent.saturating_add(end.distance(start));
        }
        if self.timers.purpose == Purpose::Tail {
            // RFC 8985, 7.2: counted from the last octets sent.
            self.timers.retransmit = Deadline::NONE;
        }
        Ok(())
    }

    /// RFC 8985, 7.3: new octets, or else the last ones once more, whatever the congestion window says.
    ///
    /// On a short path, the last ones all the same: when nothing but an acknowledgment was lost, the peer may keep that
    /// of a single new segment to itself for tens of round trips (RFC 9293, 3.8.6.3), whereas it answers at once what
    /// comes again (RFC 5681, 4.2) and says that it did (RFC 2883).
    fn probe_tail(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let mss = u32::from(self.sender.mss);
        let length = self.sender.unsent().min(self.sender.usable()).min(mss);
        let short = self.sender.rtt.smoothed().is_some_and(|took| took < DELAYED_ACK / 4);
        if length > 0 && !short {
            self.send_next(length, emit)?;
            self.sender.tail = Some((self.sender.nxt, false));
        } else if let Some(&last) = self.sender.board.back() {
            let start = last.start.later(last.end - mss);
            let end = self.send_range(start, last.end, emit)?;
            self.sent_again(start, end);
            self.sender.tail = Some((self.sender.nxt, true));
        }
        self.sender.wanted.tail = false;
        Ok(())
    }

    /// RFC 9293, 3.8.6.1: what the window takes, however little; an octet beyond it, if it is shut.
    fn probe_window(&mut self, emit: &mut Emit<'_>) -> Result<(), Refused> {
        if self.sender.is_shut() {
            let length = self.sender.unsent().min(self.sender.usable()).min(self.sender.mss.into());
            if length > 0 {
                self.send_next(length, emit)?;
            } else {
                let start = self.sender.nxt;
                self.send_range(start, start + 1, emit)?;
                self.sender.probed = true;
            }
        }
        self.sender.wanted.window = false;
        Ok(())
    }

    /// Sends the octets from `start` to `end`, the FIN among them if it lies there; where it ended in fact.
    fn send_range(&mut self, start: Seq, end: Seq, emit: &mut Emit<'_>) -> Result<Seq, Refused> {
        let mut segment = self.header(start);
        let stop = self.sender.queue.end();
        let (mut parts, queue) = (Payload::new(), &self.sender.queue);
        let length = queue.parts(start, end.earlier(stop).later(start).distance(start), &mut parts);
        segment.fin = self.sender.closing && end.gt(stop) && start + length == stop;
        segment.psh = length > 0 && start + length == stop;
        let mss = u32::from(self.sender.mss);
        let size = if length > mss { self.sender.mss } else { 0 };
        let mut crowded = false;
        if length + SACK_MOST > mss && !segment.sack.is_empty() {
            // A full segment has no room for blocks: they go on their own.
            segment.sack = Default::default();
            crowded = true;
        }
        let sent = take(emit(&segment, &parts, size))?;
        drop(parts);
        self.unreachable |= !sent;
        let blocks = self.receiver.duplicate.filter(|_| crowded);
        self.acknowledgment_sent();
        self.receiver.due = crowded;
        self.receiver.duplicate = blocks;
        Ok(start + length + u32::from(segment.fin))
    }

    /// A header with everything but ports and flags.
    fn header(&mut self, seq: Seq) -> Segment {
        let timestamps = Timestamps { value: self.stamps.of(self.now), echo: self.stamps.recent };
        let sack = match self.sack {
            true => self.receiver.blocks(if self.stamps.on { 3 } else { 4 }),
            false => Sack::none(seq),
        };
        Segment {
            seq,
            ack: Some(self.receiver.nxt),
            window: self.receiver.announce(self.path.mss.into()),
            sack,
            timestamps: self.stamps.on.then_some(timestamps),
            ..Segment::default()
        }
    }

    fn hand_over(&mut self, segment: &Segment, parts: &[&[u8]], size: u16, emit: &mut Emit<'_>) -> Result<(), Refused> {
        let sent = take(emit(segment, parts, size))?;
        self.unreachable |= !sent;
        self.acknowledgment_sent();
        Ok(())
    }

    /// Something went out, and with it all that is to be acknowledged.
    fn acknowledgment_sent(&mut self) {
        self.sender.active = self.now;
        self.receiver.due = false;
        self.receiver.duplicate = None;
        self.receiver.unacknowledged = 0;
        self.receiver.acknowledged = self.receiver.nxt;
        self.timers.acknowledge = Deadline::NONE;
    }
}

/// Whether it was sent, or lost at once; an error only if it is worth trying again.
fn take(outcome: Result<(), Refused>) -> Result<bool, Refused> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Refused::Full) => Err(Refused::Full),
        Err(_) => Ok(false),
    }
}
