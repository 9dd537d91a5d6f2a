//! The client as a device: it keeps IPv4 in an address as long as there is one to be had.

use alloc::rc::Rc;
use core::future::{pending, poll_fn};
use core::marker::PhantomData;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use log::{debug, info, warn};
use mirage::{Clock, Ip, MacAddress, Random, Spawn, Time, Udp, UdpSocket};

use super::ready::Ready;
use super::told::servers;
use super::{Client, DhcpIpv4, Error, Event, Lease, message};
use crate::ipv4::{Configure, Interface, Network};

/// Of so many messages in a row that nobody answers, one is complained of, and the second.
const COMPLAIN: u32 = 8;

/// IPv4 whose address is from a DHCP server.
///
/// The lease is renewed as long as there is a server; when it is lost, IPv4 has no address until there is another.
pub struct Dhcp<I, U, C, T, R, S> {
    ip: I,
    lower: PhantomData<(U, C, T, R, S)>,
}

impl<I, U, C, T, R, S> Dhcp<I, U, C, T, R, S>
where
    I: Ip + Configure,
    U: Udp,
    C: Clock,
    T: Time,
    R: Random,
    S: Spawn,
{
    /// Waits, as long as it takes, for an address for `ip`; `udp` is UDP over the same `ip`. What goes on is logged,
    /// that nobody answers as a warning.
    ///
    /// # Errors
    /// When somebody else has the port of DHCP clients.
    pub async fn connect(ip: I, udp: U, clock: C, time: T, random: R, spawn: S, args: DhcpIpv4) -> Result<Self, Error> {
        let socket = udp.bind(message::CLIENT).await.map_err(|error| Error::Port(alloc::format!("{error}")))?;
        let ready = Rc::new(Ready::default());
        let client = Client::new(ip.mac(), random, clock.now());
        let talk = Talk { ip: ip.clone(), socket, clock, time, client, args, ready: ready.clone(), leased: None };
        spawn.spawn(talk.run());
        ready.wait().await;
        Ok(Self { ip, lower: PhantomData })
    }
}

impl<I: Clone, U, C, T, R, S> Clone for Dhcp<I, U, C, T, R, S> {
    fn clone(&self) -> Self {
        Self { ip: self.ip.clone(), lower: PhantomData }
    }
}

/// What the task waits for.
enum Heard<T> {
    /// Nothing in time, or a message.
    Message(T),
    /// Somebody contests the address.
    Clash(MacAddress),
}

/// The task that talks to servers.
struct Talk<I, K, C, T, R> {
    ip: I,
    socket: K,
    clock: C,
    time: T,
    client: Client<R>,
    /// Name servers to be used instead of the server's, if any, and routes besides.
    args: DhcpIpv4,
    ready: Rc<Ready>,
    /// What IPv4 is configured with.
    leased: Option<Interface>,
}

impl<I: Ip + Configure, K: UdpSocket, C: Clock, T: Time, R: Random> Talk<I, K, C, T, R> {
    async fn run(mut self) {
        let mut buffer = alloc::vec![0; message::LONGEST];
        loop {
            while let Some(event) = self.client.poll(self.clock.now()) {
                self.handle(event).await;
            }
            // A lease may last for ever.
            let wait = match self.client.deadline() {
                Some(deadline) => deadline.since(self.clock.now()),
                None => Duration::MAX,
            };
            let heard = {
                let mut receive = pin!(self.time.timeout(wait, self.socket.receive(&mut buffer)));
                let mut contested = pin!(self.contested());
                poll_fn(|context| match contested.as_mut().poll(context) {
                    Poll::Ready(by) => Poll::Ready(Heard::Clash(by)),
                    Poll::Pending => receive.as_mut().poll(context).map(Heard::Message),
                })
                .await
            };
            match heard {
                Heard::Clash(by) => self.client.contested(by, self.clock.now()),
                Heard::Message(Ok(Ok((length, SocketAddr::V4(from))))) if from.port() == message::SERVER => {
                    self.client.input(&buffer[..length], self.clock.now());
                }
                Heard::Message(Ok(Ok(_)) | Err(_)) => {}
                Heard::Message(Ok(Err(error))) => debug!("DHCP: {error}"),
            }
        }
    }

    /// Waits until somebody contests the address there is.
    async fn contested(&self) -> MacAddress {
        match &self.leased {
            Some(interface) => self.ip.contested(interface.address).await,
            None => pending().await,
        }
    }

    async fn handle(&mut self, event: Event) {
        match event {
            Event::Send(to, bytes) => self.send(to, &bytes).await,
            Event::Leased(lease) => self.leased(&lease),
            Event::Lost(loss) => {
                if let Some(interface) = self.leased.take() {
                    warn!("DHCP: the address {} is lost: {loss}; asking for another", interface.address);
                }
                self.ip.configure(None);
            }
            Event::Silence(tries) if tries % COMPLAIN == 2 || tries == 4 => {
                // There may be several interfaces.
                let mac = self.ip.mac();
                warn!("DHCP: no server answers the interface {mac}, after {tries} tries; asking on");
            }
            Event::Silence(tries) => debug!("DHCP: no server answers, after {tries} tries"),
            Event::Check(address) => {
                let taken = self.ip.probe(address).await;
                self.client.checked(taken, self.clock.now());
            }
            Event::Taken(address, by, decline) => {
                warn!("DHCP: {address} is leased to this host, but {by} has it: it is declined; asking for another");
                self.leased = None;
                self.ip.configure(None);
                self.send(Ipv4Addr::BROADCAST, &decline).await;
            }
            Event::Refused(loss) => warn!("DHCP: an address was offered, but {loss}; asking on"),
        }
    }

    async fn send(&self, to: Ipv4Addr, bytes: &[u8]) {
        let to = SocketAddr::new(IpAddr::V4(to), message::SERVER);
        if let Err(error) = self.socket.send(bytes, to).await {
            debug!("DHCP: nothing can be sent to {to}: {error}");
        }
    }

    fn leased(&mut self, lease: &Lease) {
        let mut interface = lease.interface();
        if !self.args.nameserver.is_empty() {
            interface.nameservers = servers(&self.args.nameserver);
        }
        for route in &self.args.ipv4_route {
            if lease.network.contains(route.router) {
                interface.routes.add(Network::of(route.network, route.prefix), route.router);
            } else {
                warn!(
                    "DHCP: `--ipv4-route {route}` leads nowhere: its router is not in the network of {}",
                    lease.network
                );
            }
        }
        if self.leased.as_ref() == Some(&interface) {
            debug!("DHCP: the lease of {} is renewed", interface.address);
            return;
        }
        info!("DHCP: {lease}, to the interface {}", self.ip.mac());
        self.ip.configure(Some(interface.clone()));
        self.leased = Some(interface);
        self.ready.set();
    }
}
