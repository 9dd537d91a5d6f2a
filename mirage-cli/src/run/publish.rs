//! Ports of this host that lead to a unikernel's: `8080:80`, `0.0.0.0:5353:53/udp`, `32000-32002:32000-32002`.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::str::FromStr;

use crate::error::{Error, Exit};

/// A port of this host and the one it leads to, or several that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where this host listens: the first.
    pub host: SocketAddrV4,
    /// The unikernel's port: the first.
    pub guest: u16,
    /// How many follow the first.
    pub more: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Publish {
    /// Sees that nobody listens there yet.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] naming the port.
    pub fn check(&self) -> Result<(), Error> {
        self.ports().try_for_each(|(host, _)| {
            let tried = match self.protocol {
                Protocol::Tcp => TcpListener::bind(host).map(drop),
                Protocol::Udp => UdpSocket::bind(host).map(drop),
            };
            tried.map_err(|error| self.refused(host, &error))
        })
    }

    /// Where this host listens, and the unikernel's port that leads to.
    pub fn ports(&self) -> impl Iterator<Item = (SocketAddrV4, u16)> {
        let Self { host, guest, more, .. } = *self;
        (0..=more).map(move |next| (SocketAddrV4::new(*host.ip(), host.port() + next), guest + next))
    }

    fn refused(&self, host: SocketAddrV4, error: &io::Error) -> Error {
        let protocol = self.protocol;
        let (address, port) = (host.ip(), host.port());
        let what = |why: &str| Error::new(Exit::Unavailable, format!("`--publish {self}`: {why}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => what(&format!("port {port} of {address} is taken"))
                .hint(format!("`ss -lnp '{protocol} sport = {port}'` shows by whom; choose another one")),
            io::ErrorKind::PermissionDenied => {
                what(&format!("port {port} takes rights that are not there")).hint("choose one from 1024 on")
            }
            io::ErrorKind::AddrNotAvailable => {
                what(&format!("{address} is no address of this host")).hint("`ip address` shows which it has")
            }
            _ => what(&error.to_string()),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, guest, more, protocol } = *self;
        if *host.ip() != Ipv4Addr::LOCALHOST {
            write!(f, "{}:", host.ip())?;
        }
        match more {
            0 => write!(f, "{}:{guest}", host.port())?,
            _ => write!(f, "{}-{}:{guest}-{}", host.port(), host.port() + more, guest + more)?,
        }
        if protocol == Protocol::Udp { f.write_str("/udp") } else { Ok(()) }
    }
}

impl FromStr for Publish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (ports, protocol) = match text.split_once('/') {
            None | Some((_, "tcp")) => (text.split('/').next().unwrap_or(text), Protocol::Tcp),
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some((_, other)) => return Err(format!("`tcp` or `udp` is wanted after the slash, not `{other}`")),
        };
        let wrong = || "`HOST-PORT:PORT` is wanted, such as `8080:80`, or `ADDRESS:HOST-PORT:PORT`".to_owned();
        let (host, guest) = ports.rsplit_once(':').ok_or_else(wrong)?;
        let (address, host) = match host.rsplit_once(':') {
            Some((address, host)) => {
                let address =
                    address.parse().map_err(|_| format!("`{address}` is not an IPv4 address of this host"))?;
                (address, host)
            }
            // Whoever wants it seen from elsewhere says so.
            None => (Ipv4Addr::LOCALHOST, host),
        };
        let (host, guest) = (range(host)?, range(guest)?);
        let more = host.1 - host.0;
        if guest.1 - guest.0 != more {
            return Err(format!("`{ports}` has more ports on one side than on the other"));
        }
        Ok(Self { host: SocketAddrV4::new(address, host.0), guest: guest.0, more, protocol })
    }
}

/// A port, or the first and the last of several.
fn range(text: &str) -> Result<(u16, u16), String> {
    let port = |text: &str| match text.parse() {
        Ok(port @ 1..) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port),
        _ => Err(format!("`{text}` is not a port, which is a number from 1 to 65535")),
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    if first <= last { Ok((first, last)) } else { Err(format!("`{text}` ends before it begins")) }
}

/// Refuses what is published twice.
///
/// # Errors
/// [`Exit::Usage`].
pub fn distinct(all: &[Publish]) -> Result<(), Error> {
    let within = |publish: &Publish, port| (0..=publish.more).contains(&u16::wrapping_sub(port, publish.host.port()));
    let clash = |one: &Publish, other: &Publish| {
        let (here, there) = (*one.host.ip(), *other.host.ip());
        one.protocol == other.protocol
            && (within(one, other.host.port()) || within(other, one.host.port()))
            && (here == there || here.is_unspecified() || there.is_unspecified())
    };
    let mut pairs =
        all.iter().enumerate().flat_map(|(index, one)| all.iter().skip(index + 1).map(move |two| (one, two)));
    match pairs.find(|(one, two)| clash(one, two)) {
        Some((one, two)) => Err(Error::new(
            Exit::Usage,
            format!("`--publish {one}` and `--publish {two}` ask for the same port of this host"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(text: &str) -> Publish {
        text.parse().expect(text)
    }

    #[test]
    fn ports_are_read() {
        for right in ["8080:80", "0.0.0.0:8080:80", "5353:53/udp", "192.168.1.7:1:65535/udp", "1-65535:1-65535"] {
            assert_eq!(publish(right).to_string(), right);
        }
        assert_eq!(publish("8080:80/tcp"), publish("127.0.0.1:8080-8080:80"));
        let ports: Vec<_> = publish("8080-8081:80-81").ports().map(|(host, guest)| (host.port(), guest)).collect();
        assert_eq!(ports, [(8080, 80), (8081, 81)]);
        for (wrong, part) in [
            ("", "is wanted"),
            ("80", "is wanted"),
            (":80", "`` is not a port"),
            ("8080:", "`` is not a port"),
            ("0:80", "`0` is not a port"),
            ("8080:0", "`0` is not a port"),
            ("+1:80", "`+1` is not a port"),
            ("65536:80", "`65536` is not a port"),
            ("8080:80/sctp", "not `sctp`"),
            ("8080:80/", "not ``"),
            ("8080-8082:80-81", "more ports on one side"),
            ("8082-8080:80-82", "`8082-8080` ends before it begins"),
            ("8080-:80", "`` is not a port"),
            ("1-2-3:80", "`2-3` is not a port"),
            ("localhost:8080:80", "`localhost` is not an IPv4 address"),
            ("::1:8080:80", "`::1` is not an IPv4 address"),
        ] {
            let why = wrong.parse::<Publish>().expect_err(wrong);
            assert!(why.contains(part), "{wrong}: {why}");
        }
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let error = publish(&format!("{port}:80")).check().expect_err("it is taken");
        assert_eq!(error.exit, Exit::Unavailable);
        assert_eq!(error.message, format!("`--publish {port}:80`: port {port} of 127.0.0.1 is taken"));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = socket.local_addr().expect("an address").port();
        assert!(publish(&format!("{port}:80/udp")).check().is_err());
        drop(socket);
        assert_eq!(publish(&format!("{port}:80/udp")).check(), Ok(()));
    }

    #[test]
    fn a_port_is_published_once() {
        let all = |texts: &[&str]| distinct(&texts.iter().map(|text| publish(text)).collect::<Vec<_>>());
        assert_eq!(all(&["8080:80", "8081:80", "8080:80/udp", "127.0.0.2:8080:80"]), Ok(()));
        assert_eq!(all(&["8080:80", "8080:81"]).expect_err("twice").exit, Exit::Usage);
        assert!(all(&["8080:80", "0.0.0.0:8080:81"]).is_err());
        assert!(all(&["8080-8090:80-90", "8085:1"]).is_err() && all(&["8085:1", "8080-8085:80-85"]).is_err());
        assert_eq!(all(&["8080-8084:80-84", "8085:1", "8079:1"]), Ok(()));
    }
}
