//! The host's resolver.

use std::convert::Infallible;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc;

use async_lock::Semaphore;
use rustix::io::Errno;

use crate::Platform;
use crate::reactor::Direction;

/// Names being resolved at once, each on a thread of its own; more wait their turn.
const AT_ONCE: usize = 16;

/// `getaddrinfo(3)`, which can only wait, on threads.
#[derive(Clone)]
pub struct Resolver {
    platform: Platform,
    turns: Rc<Semaphore>,
}

impl Resolver {
    /// The resolver of this host.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(platform: &Platform) -> Result<Self, Infallible> {
        Ok(Self { platform: platform.clone(), turns: Rc::new(Semaphore::new(AT_ONCE)) })
    }

    async fn ask(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let _turn = self.turns.acquire().await;
        let (answered, answers) = mpsc::sync_channel(1);
        let (ours, mut theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let registration = self.platform.reactor().register(&ours)?;
        let name = name.to_owned();
        std::thread::Builder::new().name("resolver".into()).spawn(move || {
            let addresses = (name.as_str(), 0)
                .to_socket_addrs()
                .map(|addresses| addresses.map(|address| address.ip()).collect::<Vec<_>>());
            // Whoever asked may have given up.
            let _ = answered.send(addresses);
            let _ = theirs.write_all(&[0]);
        })?;
        let told = || match (&ours).read(&mut [0]) {
            Ok(_) => Ok(()),
            Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        };
        registration.io(Direction::Read, told).await?;
        let mut addresses = answers.try_recv().unwrap_or_else(|_| Err(Errno::IO.into()))?;
        addresses.dedup();
        Ok(addresses)
    }
}

impl mirage::Resolver for Resolver {
    type Error = Unresolved;

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let failed = |reason: String| Unresolved { name: name.to_owned(), reason };
        let addresses = self.ask(name).await.map_err(|error| failed(error.to_string()))?;
        if addresses.is_empty() { Err(failed("it has no address".to_owned())) } else { Ok(addresses) }
    }
}

/// A name without addresses.
#[derive(Clone, Debug)]
pub struct Unresolved {
    name: String,
    reason: String,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be resolved: {}", self.name, self.reason)
    }
}

impl std::error::Error for Unresolved {}
