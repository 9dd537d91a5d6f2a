//! The resolver: whom to ask, how often, and what to make of it.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use log::debug;
use mirage::{Clock, Random, Stack, Time};

use super::both::both;
use super::cache::{Cache, Known};
use super::exchange::{Silent, ask};
use super::flight::{Flights, Turn};
use super::{Error, Kind, Name, Outcome, Reason};

/// How long a reply is waited for, the first, the second and the third time a server is asked.
const PATIENCE: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(3), Duration::from_secs(5)];
/// How long the addresses of one family are waited for when those of the other are there.
const GRACE: Duration = Duration::from_millis(250);
/// For how many seconds they are not asked for again when they did not come.
const SHUN: u32 = 30;
/// The most name servers asked.
const SERVERS: usize = 4;
/// The most times an alias is asked for by a question of its own.
const ALIASES: usize = 8;

/// Asks the name servers of a stack. All clones remember together what was said.
pub struct Resolver<S, C, T, R>(Rc<State<S, C, T, R>>);

struct State<S, C, T, R> {
    stack: S,
    clock: C,
    time: T,
    random: R,
    cache: RefCell<Cache>,
    flights: Flights<Result<Vec<IpAddr>, Reason>>,
    /// Which of the name servers answered last: it is asked first.
    best: Cell<Option<IpAddr>>,
}

impl<S, C, T, R> Clone for Resolver<S, C, T, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Stack, C: Clock, T: Time, R: Random> Resolver<S, C, T, R> {
    /// A resolver that asks the name servers `stack` was told of.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(stack: S, clock: C, time: T, random: R) -> Result<Self, Infallible> {
        let (cache, flights, best) = (RefCell::default(), Flights::default(), Cell::new(None));
        Ok(Self(Rc::new(State { stack, clock, time, random, cache, flights, best })))
    }
}

impl<S: Stack, C: Clock, T: Time, R: Random> mirage::Resolver for Resolver<S, C, T, R> {
    type Error = Error;

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Error> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let parsed = Name::new(name).map_err(|bad| Reason::Bad(bad).of(name))?;
        if parsed.is_localhost() {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        loop {
            match self.0.flights.join(&parsed).await {
                Turn::Lead(leader) => {
                    let answer = self.0.addresses(&parsed).await;
                    leader.land(answer.clone());
                    return answer.map_err(|reason| reason.of(name));
                }
                Turn::Follow(Some(answer)) => return answer.map_err(|reason| reason.of(name)),
                Turn::Follow(None) => {}
            }
        }
    }
}

impl<S: Stack, C: Clock, T: Time, R: Random> State<S, C, T, R> {
    /// The addresses of both families, those that are more likely to be reached first.
    async fn addresses(&self, name: &Name) -> Result<Vec<IpAddr>, Reason> {
        let enough = |known: &Result<Known, Reason>| matches!(known, Ok(Known::Addresses(_)));
        let (four, six) = both(&self.time, GRACE, enough, self.find(name, Kind::A), self.find(name, Kind::Aaaa)).await;
        // A server that answers for one family and not for the other is not waited for every time.
        for (known, kind) in [(&four, Kind::A), (&six, Kind::Aaaa)] {
            if !matches!(known, Some(Ok(_))) && [&four, &six].into_iter().flatten().any(enough) {
                self.cache.borrow_mut().put(name, kind, Known::NoAddress, SHUN, self.clock.now());
            }
        }
        // A router that tells of name servers with IPv6 addresses leads somewhere.
        let six_first = self.stack.nameservers().iter().any(IpAddr::is_ipv6);
        let (first, second) = if six_first { (six, four) } else { (four, six) };
        let (mut addresses, mut failed, mut missing) = (Vec::new(), None, false);
        for known in [first, second].into_iter().flatten() {
            match known {
                Ok(Known::Addresses(more)) => addresses.extend(more),
                Ok(Known::NoAddress) => {}
                Ok(Known::Missing) => missing = true,
                Err(reason) => failed = Some(reason),
            }
        }
        match failed {
            _ if !addresses.is_empty() => Ok(addresses),
            _ if missing => Err(Reason::Missing),
            Some(reason) => Err(reason),
            None => Err(Reason::NoAddress),
        }
    }

    /// The addresses of one family, remembered or asked for.
    async fn find(&self, name: &Name, kind: Kind) -> Result<Known, Reason> {
        if let Some(known) = self.cache.borrow_mut().get(name, kind, self.clock.now()) {
            return Ok(known);
        }
        let (mut asked, mut longest) = (name.clone(), u32::MAX);
        for _ in 0..=ALIASES {
            let (known, ttl) = match self.ask(&asked, kind).await? {
                Outcome::Addresses(addresses, ttl) => (Known::Addresses(addresses), ttl),
                Outcome::NoAddress(ttl) => (Known::NoAddress, ttl.unwrap_or(0)),
                Outcome::Missing(ttl) => (Known::Missing, ttl.unwrap_or(0)),
                Outcome::Alias(target, ttl) => {
                    longest = longest.min(ttl);
                    asked = target;
                    continue;
                }
                _ => return Err(Reason::Circle),
            };
            self.cache.borrow_mut().put(name, kind, known.clone(), ttl.min(longest), self.clock.now());
            return Ok(known);
        }
        Err(Reason::Circle)
    }

    /// What the first name server says that can say anything.
    async fn ask(&self, name: &Name, kind: Kind) -> Result<Outcome, Reason> {
        let mut failed = None;
        for patience in PATIENCE {
            let servers = self.servers();
            if servers.is_empty() {
                return Err(Reason::NoServer);
            }
            let mut late = false;
            for server in servers {
                let mut random = self.random.clone();
                match ask(&self.stack, &self.time, &mut random, server, (name, kind), patience).await {
                    Ok(Outcome::Failed(code)) => failed = Some(Reason::Failed(server, code)),
                    Ok(outcome) => {
                        self.best.set(Some(server));
                        return Ok(outcome);
                    }
                    Err(Silent::Late) => late = true,
                    Err(Silent::Broken(why)) => failed = Some(Reason::Broken(server, why)),
                }
                debug!("{name}: the name server {server} does not help");
            }
            // To ask again whoever has said that they cannot say is no use.
            if !late {
                break;
            }
        }
        Err(failed.unwrap_or(Reason::Silence))
    }

    /// The name servers, the best first.
    fn servers(&self) -> Vec<IpAddr> {
        let mut servers = self.stack.nameservers();
        servers.truncate(SERVERS);
        let best = self.best.get();
        if let Some(place) = servers.iter().position(|server| Some(*server) == best) {
            servers[..=place].rotate_right(1);
        }
        servers
    }
}
