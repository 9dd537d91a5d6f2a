//! What holds for any bytes whatever that come instead of a name server's or a DHCP server's reply; shared by the
//! property tests, the corpus's replay and the fuzz targets.

use core::convert::Infallible;
use core::net::IpAddr;
use core::time::Duration;

use mirage::MacAddress;
use mirage::rand_core::{TryCryptoRng, TryRng};
use mirage::time::Instant;
use mirage_net::dhcp::{Client, Event};
use mirage_net::dns::{Kind, Name, Outcome, Query};

/// The hardware address of the client.
pub const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

/// Random numbers that are always the same, so that the corpus can hold replies to what is asked.
struct Same;

impl TryRng for Same {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0x1234_5678)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0x1234_5678)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0x78);
        Ok(())
    }
}

impl TryCryptoRng for Same {}

/// The two questions asked: number 0x1234 for `a.example`, without capitals.
pub fn queries() -> [Query; 2] {
    let name = Name::new("a.example").expect("a name");
    [Kind::A, Kind::Aaaa].map(|kind| Query::new(&name, kind, 0x1234, 0))
}

/// A reply to a question, first as it is, then as one whose number and question fit.
pub fn dns(bytes: &[u8]) {
    for query in queries() {
        let _ = query.reply(bytes);
        let mut fitting = query.bytes().to_vec();
        if let Some((header, rest)) = bytes.split_first_chunk::<8>() {
            fitting[2] = header[0] | 0x80;
            fitting[3] = header[1];
            fitting[6..12].copy_from_slice(&header[2..]);
            fitting.extend(rest);
        }
        let Ok(outcome) = query.reply(&fitting) else { continue };
        match outcome {
            Outcome::Addresses(addresses, ttl) => {
                assert!((1..=32).contains(&addresses.len()) && ttl <= i32::MAX as u32);
                let six = query.bytes().ends_with(&[28, 0, 1]);
                assert!(addresses.iter().all(|address: &IpAddr| address.is_ipv6() == six));
            }
            Outcome::Alias(name, _) => assert!(name.wire().len() <= Name::LONGEST && name.to_string().len() < 1100),
            _ => {}
        }
    }
}

/// Where instants end soon: the next leases' would be the same, and everything due at once.
const CENTURIES: Instant = Instant::from_nanos(400 * 365 * 86_400 * 1_000_000_000);

/// What comes to a DHCP client: messages, each with its length before it, two bytes; what is longer than the rest ends
/// there. Between them time goes on until the client wants something. Returns how many leases came of it.
pub fn dhcp(mut bytes: &[u8]) -> usize {
    let mut now = Instant::START;
    let mut client = Client::new(MAC, Same, now);
    let mut leases = 0;
    loop {
        for _ in 0..4 {
            match client.poll(now) {
                Some(Event::Send(_, message)) => assert_eq!(message.len(), 300),
                Some(Event::Leased(lease)) => {
                    leases += 1;
                    assert!((1..=32).contains(&lease.network.prefix) && lease.nameservers.len() <= 8);
                    if let Some(ends) = lease.ends {
                        assert!(ends.renew <= ends.rebind && ends.rebind <= ends.expire);
                    }
                    let _ = lease.to_string();
                }
                Some(Event::Check(address)) => {
                    // A neighbour has the addresses that end with 99.
                    let taken = (address.octets()[3] == 99).then_some(MacAddress([2, 0, 0, 0, 0, 9]));
                    client.checked(taken, now);
                }
                Some(Event::Taken(_, _, message)) => assert_eq!(message.len(), 300),
                Some(_) => {}
                None => break,
            }
        }
        assert_eq!(client.poll(now), None, "it asks in a circle");
        let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return leases };
        let length = usize::from(u16::from_be_bytes(*length));
        let (message, rest) = rest.split_at(length.min(rest.len()));
        if message.is_empty() {
            now = client.deadline().unwrap_or(now).max(now);
        }
        if now > CENTURIES {
            return leases;
        }
        client.input(message, now);
        now = now + Duration::from_millis(100);
        bytes = rest;
    }
}
