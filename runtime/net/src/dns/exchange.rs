//! One question to one server: over UDP, and over TCP if need be.

use alloc::string::String;
use alloc::vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use mirage::io::Write as _;
use mirage::{Random, Stack, Tcp as _, Time, Udp as _, UdpSocket as _};

use super::{Kind, Name, Outcome, Query, Unfit};

/// The port of name servers.
const PORT: u16 = 53;
/// The longest reply over UDP, in bytes; 512 is the most without EDNS (RFC 1035, section 4.2.1), and some send more.
const DATAGRAM: usize = 1472;
/// The most datagrams of a server that are not its reply: then somebody is guessing, and what is guessed is changed (RFC
/// 5452, section 9.2).
const FORGERIES: usize = 32;

/// Why a server has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// In time.
    Late,
    /// It cannot, or makes no sense.
    Broken(String),
}

/// Asks `server` for the addresses of `name`, and waits `patience` for each reply: over UDP, then over TCP if it did
/// not fit. Each time from another port, with another number.
pub async fn ask<S: Stack, T: Time, R: Random>(
    stack: &S,
    time: &T,
    random: &mut R,
    server: IpAddr,
    (name, kind): (&Name, Kind),
    patience: Duration,
) -> Result<Outcome, Silent> {
    let mut fresh = || Query::new(name, kind, random.next_u32() as u16, random.next_u64());
    let server = SocketAddr::new(server.to_canonical(), PORT);
    let query = fresh();
    match time.timeout(patience, over_udp(stack, &query, server)).await {
        Ok(Ok(Some(Outcome::Truncated) | None)) => {}
        Ok(Ok(Some(outcome))) => return Ok(outcome),
        Ok(Err(broken)) => return Err(broken),
        Err(_) => return Err(Silent::Late),
    }
    let query = fresh();
    time.timeout(patience, over_tcp(stack, &query, server)).await.unwrap_or(Err(Silent::Late))
}

/// The reply that came over UDP; none if the server does not keep capitals, so that TCP has to tell who it is.
async fn over_udp<S: Stack>(stack: &S, query: &Query, server: SocketAddr) -> Result<Option<Outcome>, Silent> {
    let socket = stack.udp().bind(0).await.map_err(broken)?;
    socket.send(query.bytes(), server).await.map_err(broken)?;
    let mut buffer = [0; DATAGRAM];
    let mut unfit = 0;
    while unfit < FORGERIES {
        let (length, from) = socket.receive(&mut buffer).await.map_err(broken)?;
        if from != server {
            continue;
        }
        match query.reply(&buffer[..length]) {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(Unfit::Capitals) => return Ok(None),
            Err(Unfit::Other) => unfit += 1,
            Err(Unfit::Malformed) => return Err(malformed()),
        }
    }
    Err(Silent::Broken("somebody forges its replies".into()))
}

/// The reply that came over TCP: both messages have their length before them (RFC 1035, section 4.2.2).
async fn over_tcp<S: Stack>(stack: &S, query: &Query, server: SocketAddr) -> Result<Outcome, Silent> {
    let mut flow = stack.tcp().connect(server).await.map_err(broken)?;
    let length = u16::try_from(query.bytes().len()).map_err(broken)?;
    flow.write_all(&[&length.to_be_bytes(), query.bytes()].concat()).await.map_err(broken)?;
    flow.flush().await.map_err(broken)?;
    let mut length = [0; 2];
    read(&mut flow, &mut length).await?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    read(&mut flow, &mut message).await?;
    match query.reply(&message) {
        Ok(Outcome::Truncated) | Err(_) => Err(malformed()),
        Ok(outcome) => Ok(outcome),
    }
}

/// Fills `buffer`.
async fn read<F: mirage::io::BufRead>(flow: &mut F, buffer: &mut [u8]) -> Result<(), Silent> {
    let mut filled = 0;
    while filled < buffer.len() {
        let bytes = flow.fill_buf().await.map_err(broken)?;
        if bytes.is_empty() {
            return Err(Silent::Broken("it ends the connection early".into()));
        }
        let length = bytes.len().min(buffer.len() - filled);
        buffer[filled..filled + length].copy_from_slice(&bytes[..length]);
        filled += length;
        flow.consume(length);
    }
    Ok(())
}

fn malformed() -> Silent {
    Silent::Broken("its reply makes no sense".into())
}

fn broken(error: impl core::fmt::Display) -> Silent {
    Silent::Broken(alloc::format!("{error}"))
}
