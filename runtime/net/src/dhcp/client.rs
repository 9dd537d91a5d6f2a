//! The client's state machine (RFC 2131, section 4.4, figure 5), without sockets and clocks: messages and times go in,
//! messages and events come out.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::MacAddress;
use mirage::rand_core::CryptoRng;
use mirage::time::Instant;

use super::lease::{Ends, Lease};
use super::message::{Answer, Kind, Reply, Request};

/// How often an offer is asked for before it is forgotten: 4 + 8 + 16 + 32 s, the minute of RFC 2131, section 3.1.
const REQUESTS: u32 = 4;

/// The shortest time between two requests for the same lease (RFC 2131, section 4.4.5).
const MINUTE: Duration = Duration::from_secs(60);

/// How long nothing is asked for after an address was declined, at least (RFC 2131, section 3.1, item 5): a server that
/// does not heed it would be asked in a circle.
const DECLINED: Duration = Duration::from_secs(10);

/// A DHCP client. [`poll`](Self::poll) it until it has nothing to tell, then again at its
/// [`deadline`](Self::deadline) and after every [`input`](Self::input).
pub struct Client<R> {
    mac: MacAddress,
    random: R,
    state: State,
    /// What is under way: replies carry the same number.
    transaction: u32,
    /// When it began to ask, for an address or for a lease to go on.
    began: Instant,
    /// How many seconds ago that was at the last DHCPDISCOVER, as it is said in what follows.
    seconds: u16,
    /// The address it had, which it asks for again.
    before: Option<Ipv4Addr>,
    /// How often it was refused, one time after the other.
    refusals: u32,
    event: Option<Event>,
}

/// What the client wants done, or has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// This message is to be sent to this address: from `0.0.0.0` while there is no lease.
    Send(Ipv4Addr, Vec<u8>),
    /// There is an address, or it is renewed.
    Leased(Rc<Lease>),
    /// The address must not be used any longer.
    Lost(Loss),
    /// So many messages in a row have found no answer.
    Silence(u32),
    /// A server has refused the address it had offered.
    Refused(Loss),
    /// Whether somebody has this address already is to be found out, and told by [`Client::checked`] (RFC 2131, section
    /// 3.1, item 5).
    Check(Ipv4Addr),
    /// Somebody has the address that was leased: it must not be used, and this message is to be sent to everybody.
    Taken(Ipv4Addr, MacAddress, Vec<u8>),
}

/// Why an address is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// No server has renewed it in time.
    Expired,
    /// A server takes it back; in its own words.
    TakenBack(Ipv4Addr, String),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("no server has renewed it in time"),
            Self::TakenBack(server, text) if text.is_empty() => write!(f, "the server {server} refuses it"),
            Self::TakenBack(server, text) => write!(f, "the server {server} refuses it: {text}"),
        }
    }
}

/// The states of RFC 2131, figure 5, except for INIT-REBOOT and REBOOTING.
enum State {
    /// INIT: it begins at this time.
    Init(Instant),
    /// SELECTING: it has asked everybody so many times, and does so again at this time.
    Selecting(u32, Instant),
    /// REQUESTING: it has asked for what it was offered, so many times.
    Requesting { offer: Offer, tries: u32, since: Instant, next: Instant },
    /// Between REQUESTING and BOUND: it waits to hear whether somebody has the address.
    Checking(Rc<Lease>),
    /// BOUND.
    Bound(Rc<Lease>),
    /// RENEWING: it asks its server to go on.
    Renewing { lease: Rc<Lease>, since: Instant, next: Instant },
    /// REBINDING: it asks everybody.
    Rebinding { lease: Rc<Lease>, since: Instant, next: Instant },
}

#[derive(Clone, Copy)]
struct Offer {
    address: Ipv4Addr,
    server: Ipv4Addr,
}

impl<R: CryptoRng> Client<R> {
    /// A client of the host with this hardware address, which begins now.
    ///
    /// It does not wait 1 to 10 seconds first, as RFC 2131, section 4.4.1 would like: what a unikernel is started for
    /// mostly waits for its address.
    pub fn new(mac: MacAddress, random: R, now: Instant) -> Self {
        let state = State::Init(now);
        Self { mac, random, state, transaction: 0, began: now, seconds: 0, before: None, refusals: 0, event: None }
    }

    /// When it wants to be polled next; never, if nothing is.
    pub fn deadline(&self) -> Option<Instant> {
        if self.event.is_some() {
            return Some(Instant::START);
        }
        match &self.state {
            State::Init(next)
            | State::Selecting(_, next)
            | State::Requesting { next, .. }
            | State::Renewing { next, .. }
            | State::Rebinding { next, .. } => Some(*next),
            State::Bound(lease) => lease.ends.map(|ends| ends.renew),
            State::Checking(_) => None,
        }
    }

    /// What it has to tell or to send now.
    pub fn poll(&mut self, now: Instant) -> Option<Event> {
        if let Some(event) = self.event.take() {
            return Some(event);
        }
        if self.deadline()? > now {
            return None;
        }
        match core::mem::replace(&mut self.state, State::Init(now)) {
            State::Init(_) => {
                self.began = now;
                self.transaction = self.random.next_u32();
                Some(self.discover(1, now))
            }
            State::Selecting(tries, _) => {
                // What is sent again follows when this has been told.
                self.event = Some(self.discover(tries + 1, now));
                Some(Event::Silence(tries))
            }
            State::Requesting { tries: REQUESTS, .. } => Some(Event::Silence(REQUESTS)),
            State::Requesting { offer, tries, .. } => Some(self.request(offer, tries + 1, now)),
            State::Bound(lease) => {
                self.began = now;
                self.extend(lease, now)
            }
            State::Renewing { lease, .. } | State::Rebinding { lease, .. } => self.extend(lease, now),
            state @ State::Checking(_) => {
                self.state = state;
                None
            }
        }
    }

    /// A message has come, from a server's port. What it is not waiting for is ignored.
    pub fn input(&mut self, bytes: &[u8], now: Instant) {
        let Some(reply) = Reply::parse(bytes, self.mac) else { return };
        if reply.transaction != self.transaction {
            return;
        }
        // Offers and acknowledgements carry it without exception (RFC 2131, table 3).
        let Some(server) = reply.server else { return };
        match (&self.state, reply.kind) {
            (State::Selecting(..), Answer::Offer) => {
                // The first is as good as any: to wait for others makes every start slower.
                let offer = Offer { address: reply.address, server };
                self.state = State::Requesting { offer, tries: 0, since: now, next: now };
            }
            (&State::Requesting { offer, since, .. }, Answer::Acknowledged)
                if offer.server == server && offer.address == reply.address =>
            {
                self.check(&reply, server, since);
            }
            (State::Requesting { offer, .. }, Answer::Refused) if offer.server == server => {
                self.refuse(&reply, server, now, Event::Refused);
            }
            (State::Renewing { lease, since, .. }, Answer::Acknowledged)
                if lease.network.address == reply.address && lease.server == server =>
            {
                self.bind(&reply, server, *since);
            }
            (State::Rebinding { lease, since, .. }, Answer::Acknowledged) if lease.network.address == reply.address => {
                self.bind(&reply, server, *since);
            }
            (State::Renewing { lease, .. }, Answer::Refused) if lease.server == server => {
                self.refuse(&reply, server, now, Event::Lost);
            }
            (State::Rebinding { .. }, Answer::Refused) => self.refuse(&reply, server, now, Event::Lost),
            _ => {}
        }
    }

    /// DHCPDISCOVER to everybody, for the `tries`th time.
    fn discover(&mut self, tries: u32, now: Instant) -> Event {
        self.count(now);
        self.state = State::Selecting(tries, now + self.patience(tries));
        let request = Request { kind: Kind::Discover, requested: self.before, ..self.message() };
        Event::Send(Ipv4Addr::BROADCAST, request.emit(self.mac))
    }

    /// DHCPREQUEST for what was offered, to everybody, so that the other servers know; with the number and the seconds of
    /// the DHCPDISCOVER (RFC 2131, section 4.4.1).
    fn request(&mut self, offer: Offer, tries: u32, now: Instant) -> Event {
        self.state = State::Requesting { offer, tries, since: now, next: now + self.patience(tries) };
        let request = Request { requested: Some(offer.address), server: Some(offer.server), ..self.message() };
        Event::Send(Ipv4Addr::BROADCAST, request.emit(self.mac))
    }

    /// DHCPREQUEST for the lease there is: to its server between T1 and T2, to everybody from then on (RFC 2131, section
    /// 4.4.5); or its end.
    fn extend(&mut self, lease: Rc<Lease>, now: Instant) -> Option<Event> {
        let Some(Ends { rebind, expire, .. }) = lease.ends else {
            self.state = State::Bound(lease);
            return None;
        };
        if now >= expire {
            self.state = State::Init(now);
            return Some(Event::Lost(Loss::Expired));
        }
        self.count(now);
        self.transaction = self.random.next_u32();
        let request = Request { address: Some(lease.network.address), ..self.message() };
        // Half of the time that is left, but not more often than every minute.
        let next = |until: Instant| (now + (until.since(now) / 2).max(MINUTE)).min(until);
        let to = if now < rebind {
            let server = lease.server;
            self.state = State::Renewing { lease, since: now, next: next(rebind) };
            server
        } else {
            self.state = State::Rebinding { lease, since: now, next: next(expire) };
            Ipv4Addr::BROADCAST
        };
        Some(Event::Send(to, request.emit(self.mac)))
    }

    fn check(&mut self, reply: &Reply, server: Ipv4Addr, since: Instant) {
        // As below.
        let Some(lease) = Lease::new(reply, server, since, self.random.next_u32()).map(Rc::new) else { return };
        self.event = Some(Event::Check(reply.address));
        self.state = State::Checking(lease);
    }

    /// What was found out about the address of [`Event::Check`]: who has it, or nobody.
    pub fn checked(&mut self, taken: Option<MacAddress>, now: Instant) {
        match core::mem::replace(&mut self.state, State::Init(now)) {
            State::Checking(lease) => match taken {
                Some(by) => self.decline(&lease, by, now),
                None => {
                    self.before = Some(lease.network.address);
                    self.refusals = 0;
                    self.event = Some(Event::Leased(Rc::clone(&lease)));
                    self.state = State::Bound(lease);
                }
            },
            other => self.state = other,
        }
    }

    /// Somebody goes on saying that the address there is is theirs (RFC 5227 §2.4 b). Nothing, if there is none.
    pub fn contested(&mut self, by: MacAddress, now: Instant) {
        match core::mem::replace(&mut self.state, State::Init(now)) {
            State::Bound(lease) | State::Renewing { lease, .. } | State::Rebinding { lease, .. } => {
                self.decline(&lease, by, now);
            }
            other => self.state = other,
        }
    }

    /// DHCPDECLINE, and a while of silence after it (RFC 2131, section 3.1, item 5).
    fn decline(&mut self, lease: &Lease, by: MacAddress, now: Instant) {
        let address = lease.network.address;
        self.before = None;
        self.seconds = 0;
        self.transaction = self.random.next_u32();
        let request =
            Request { kind: Kind::Decline, requested: Some(address), server: Some(lease.server), ..self.message() };
        self.state = State::Init(now + DECLINED);
        self.event = Some(Event::Taken(address, by, request.emit(self.mac)));
    }

    fn bind(&mut self, reply: &Reply, server: Ipv4Addr, since: Instant) {
        // Without a sensible time there is no lease; whatever was under way goes on.
        let Some(lease) = Lease::new(reply, server, since, self.random.next_u32()).map(Rc::new) else { return };
        self.before = Some(reply.address);
        self.refusals = 0;
        self.event = Some(Event::Leased(Rc::clone(&lease)));
        self.state = State::Bound(lease);
    }

    /// Starts over, the later the more often this has happened: a server that offers what it then refuses is not asked
    /// in a circle. `event` is what is told of it.
    fn refuse(&mut self, reply: &Reply, server: Ipv4Addr, now: Instant, event: fn(Loss) -> Event) {
        self.before = None;
        let wait = if self.refusals == 0 { Duration::from_secs(1) } else { self.patience(self.refusals) };
        self.refusals += 1;
        self.state = State::Init(now + wait);
        self.event = Some(event(Loss::TakenBack(server, String::from_utf8_lossy(&reply.text).into_owned())));
    }

    /// Seconds since it began to ask, for a message that goes now.
    fn count(&mut self, now: Instant) {
        self.seconds = u16::try_from(now.since(self.began).as_secs()).unwrap_or(u16::MAX);
    }

    /// A message with nothing in it that is not in all of them.
    fn message(&self) -> Request {
        let (transaction, seconds) = (self.transaction, self.seconds);
        Request { kind: Kind::Request, transaction, seconds, address: None, requested: None, server: None }
    }

    /// How long an answer to the `tries`th message is waited for: 4, 8, 16, 32, then 64 seconds, one more or less
    /// (RFC 2131, section 4.1).
    fn patience(&mut self, tries: u32) -> Duration {
        let base = Duration::from_secs(2 << tries.clamp(1, 5));
        let jitter = Duration::from_millis((self.random.next_u32() % 2001).into());
        base + jitter - Duration::from_secs(1)
    }
}
