//! A client told what servers say, and when.

use alloc::rc::Rc;
use alloc::vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::MacAddress;
use mirage::time::Instant;
use mirage_test::World;
use smoltcp::wire::DhcpMessageType as Type;

use super::super::{Client, Event, Lease};
use super::server::{ADDRESS, Reply, SERVER, Said, said};

pub const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

/// A client and its virtual time.
pub struct Script {
    pub client: Client<mirage_test::Random>,
    pub now: Instant,
}

impl Script {
    pub fn new(world: &World) -> Self {
        let now = Instant::START + Duration::from_secs(1000);
        Self { client: Client::new(MAC, world.random(), now), now }
    }

    /// What it wants at once.
    pub fn now(&mut self) -> Option<Event> {
        self.client.poll(self.now)
    }

    /// What it sends at once, and to whom.
    pub fn sends(&mut self) -> (Ipv4Addr, Said) {
        match self.now() {
            Some(Event::Send(to, bytes)) => (to, said(&bytes, MAC)),
            other => panic!("a message, not {other:?}"),
        }
    }

    pub fn broadcasts(&mut self) -> Said {
        let (to, said) = self.sends();
        assert_eq!(to, Ipv4Addr::BROADCAST);
        said
    }

    /// Time goes on to its deadline; how long that was.
    pub fn wait(&mut self) -> Duration {
        assert_eq!(self.now(), None, "nothing is left to do before");
        let deadline = self.client.deadline().expect("it waits for something");
        let wait = deadline.since(self.now);
        self.now = self.now.max(deadline);
        wait
    }

    pub fn hears(&mut self, reply: &Reply) {
        self.client.input(&reply.to(MAC), self.now);
    }

    /// DISCOVER, OFFER, REQUEST; the number they carry.
    pub fn requested(&mut self) -> u32 {
        let discover = self.broadcasts();
        self.hears(&Reply::new(Type::Offer, discover.transaction));
        self.broadcasts().transaction
    }

    /// All four messages.
    pub fn bound(&mut self) -> Rc<Lease> {
        let transaction = self.requested();
        self.hears(&Reply::new(Type::Ack, transaction));
        self.checked()
    }

    /// Nobody has the address.
    pub fn checked(&mut self) -> Rc<Lease> {
        match self.now() {
            Some(Event::Check(_)) => self.client.checked(None, self.now),
            other => panic!("a question, not {other:?}"),
        }
        self.leased()
    }

    /// It tells its server that somebody has the address.
    pub fn declines(&mut self, other: MacAddress) {
        let Some(Event::Taken(ADDRESS, by, bytes)) = self.now() else { panic!("it declines nothing") };
        assert_eq!(by, other);
        let packet = smoltcp::wire::DhcpPacket::new_checked(&bytes[..]).expect("well-formed");
        let option = |kind| packet.options().find(|option| option.kind == kind).map(|option| option.data.to_vec());
        assert_eq!(option(53), Some(vec![Type::Decline.into()]));
        assert_eq!(option(50), Some(ADDRESS.octets().to_vec()));
        assert_eq!(option(54), Some(SERVER.octets().to_vec()));
        assert_eq!((option(55), option(57)), (None, None), "a must not");
        assert!(packet.client_ip().is_unspecified() && packet.secs() == 0 && packet.flags().is_empty());
    }

    pub fn leased(&mut self) -> Rc<Lease> {
        match self.now() {
            Some(Event::Leased(lease)) => lease,
            other => panic!("a lease, not {other:?}"),
        }
    }
}

/// That is how long it waits, one second more or less.
pub fn near(wait: Duration, seconds: u64) {
    let wait = wait.as_millis() as i64 - seconds as i64 * 1000;
    assert!((-1000..=1000).contains(&wait), "{wait} ms from {seconds} s");
}
