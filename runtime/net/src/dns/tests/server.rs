//! Name servers that do as a test says, and a resolver that knows of them.

use alloc::borrow::ToOwned as _;
use alloc::rc::Rc;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::net::{IpAddr, Ipv4Addr};

use mirage::io::{Read as _, Write as _};
use mirage::{Listener as _, Spawn as _, Tcp as _, Udp as _, UdpSocket as _};
use mirage_test::World;

use crate::dns::{Name, Resolver};

pub const NAMES: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 53));
pub const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 54));
pub const A: u16 = 1;
pub const CNAME: u16 = 5;
pub const SOA: u16 = 6;
pub const AAAA: u16 = 28;

/// A stack that was told of name servers.
#[derive(Clone)]
pub struct Stack(mirage_test::Stack, Rc<[IpAddr]>);

impl mirage::Stack for Stack {
    type Tcp = mirage_test::Tcp;
    type Udp = mirage_test::Udp;

    fn tcp(&self) -> &Self::Tcp {
        self.0.tcp()
    }

    fn udp(&self) -> &Self::Udp {
        self.0.udp()
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        self.1.to_vec()
    }
}

pub type Resolves = Resolver<Stack, mirage_test::Clock, mirage_test::Time, mirage_test::Random>;

pub async fn resolver(world: &World, servers: &[IpAddr]) -> Resolves {
    let stack = Stack(world.stack(), servers.into());
    let Ok(resolver) = Resolver::connect(stack, world.clock(), world.time(), world.random()).await;
    resolver
}

/// A question as a server sees it.
pub struct Question {
    pub bytes: Vec<u8>,
    pub name: String,
    pub kind: u16,
    pub tcp: bool,
}

impl Question {
    pub fn read(bytes: &[u8], tcp: bool) -> Self {
        let (name, end) = Name::parse(bytes, 12).expect("a name");
        let kind = u16::from_be_bytes([bytes[end], bytes[end + 1]]);
        assert_eq!(bytes.len(), end + 4);
        assert_eq!(bytes[2..12], [1, 0, 0, 1, 0, 0, 0, 0, 0, 0], "RFC 1035, section 4.1.1");
        Self { bytes: bytes.to_owned(), name: name.to_string(), kind, tcp }
    }

    /// A reply with these records.
    pub fn reply(&self, code: u8, answers: &[Record], authority: &[Record]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[2] |= 0x80;
        bytes[3] = 0x80 | code;
        bytes[7] = answers.len() as u8;
        bytes[9] = authority.len() as u8;
        for (name, kind, ttl, data) in answers.iter().chain(authority) {
            bytes.extend(Name::new(name).expect("a name").wire());
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 1]);
            bytes.extend(ttl.to_be_bytes());
            bytes.extend((data.len() as u16).to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }

    pub fn answers(&self, records: &[Record]) -> Option<Vec<u8>> {
        Some(self.reply(0, records, &[]))
    }

    /// The address asked for, which is the same for all names.
    pub fn address(&self) -> Option<Vec<u8>> {
        self.answers(&[if self.kind == A { a(&self.name, 60) } else { aaaa(&self.name, 60) }])
    }
}

pub type Record = (String, u16, u32, Vec<u8>);

pub fn a(name: &str, ttl: u32) -> Record {
    (name.to_owned(), A, ttl, vec![192, 0, 2, 1])
}

pub fn aaaa(name: &str, ttl: u32) -> Record {
    (name.to_owned(), AAAA, ttl, [&[0x20, 0x01, 0x0d, 0xb8][..], &[0; 11], &[1]].concat())
}

pub fn cname(name: &str, target: &str, ttl: u32) -> Record {
    (name.to_owned(), CNAME, ttl, Name::new(target).expect("a name").wire().to_vec())
}

pub fn soa(ttl: u32, minimum: u32) -> Record {
    let mut data = vec![0, 0];
    data.extend([0; 16]);
    data.extend(minimum.to_be_bytes());
    ("example".to_owned(), SOA, ttl, data)
}

pub fn both() -> Vec<IpAddr> {
    vec!["192.0.2.1".parse().expect("an address"), "2001:db8::1".parse().expect("an address")]
}

/// A name server that answers as told; counts what it is asked.
pub async fn serve(
    world: &World,
    at: IpAddr,
    answer: impl Fn(&Question) -> Option<Vec<u8>> + 'static,
) -> Rc<Cell<usize>> {
    let (asked, answer) = (Rc::new(Cell::new(0)), Rc::new(answer) as Answer);
    let stack = world.host(at).stack();
    let socket = mirage::Stack::udp(&stack).bind(53).await.expect("free");
    let listener = mirage::Stack::tcp(&stack).listen(53).await.expect("free");
    world.spawner().spawn(over_udp(socket, answer.clone(), asked.clone()));
    world.spawner().spawn(over_tcp(listener, answer, asked.clone()));
    asked
}

pub type Answer = Rc<dyn Fn(&Question) -> Option<Vec<u8>>>;

pub async fn over_udp(socket: mirage_test::UdpSocket, answer: Answer, asked: Rc<Cell<usize>>) {
    let mut buffer = [0; 600];
    loop {
        let (length, from) = socket.receive(&mut buffer).await.expect("a datagram");
        asked.set(asked.get() + 1);
        if let Some(reply) = answer(&Question::read(&buffer[..length], false)) {
            socket.send(&reply, from).await.expect("sent");
        }
    }
}

pub async fn over_tcp(mut listener: mirage_test::Listener, answer: Answer, asked: Rc<Cell<usize>>) {
    loop {
        let mut flow = listener.accept().await.expect("a connection");
        let mut length = [0; 2];
        flow.read_exact(&mut length).await.expect("a length");
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        flow.read_exact(&mut message).await.expect("a message");
        asked.set(asked.get() + 1);
        if let Some(reply) = answer(&Question::read(&message, true)) {
            flow.write_all(&(reply.len() as u16).to_be_bytes()).await.expect("written");
            flow.write_all(&reply).await.expect("written");
            flow.flush().await.expect("flushed");
        }
    }
}
