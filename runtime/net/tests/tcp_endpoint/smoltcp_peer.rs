//! Against a TCP somebody else has written.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Flow, Listener, Offloads, Received, Tcp};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant as Point;
use smoltcp::wire::{HardwareAddress, IpCidr, IpProtocol, Ipv4Packet, Ipv4Repr};

use crate::bulk::{content, receive, send};
use crate::support::{Host, Numbers, PEER, SERVER, Tasks, VirtualClock};

const LENGTH: usize = 300_000;

/// IP packets each way, with the time they arrive.
#[derive(Default)]
struct Wire {
    now: Instant,
    here: VecDeque<(Instant, Vec<u8>)>,
    there: VecDeque<(Instant, Vec<u8>)>,
}

const DELAY: Duration = Duration::from_millis(2);

impl Wire {
    fn arrived(now: Instant, packets: &mut VecDeque<(Instant, Vec<u8>)>) -> Option<Vec<u8>> {
        packets.pop_front_if(|(at, _)| *at <= now).map(|(_, packet)| packet)
    }
}

impl Device for Wire {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx<'a>;

    fn receive(&mut self, _: Point) -> Option<(Rx, Tx<'_>)> {
        let packet = Self::arrived(self.now, &mut self.there)?;
        Some((Rx(packet), Tx(self)))
    }

    fn transmit(&mut self, _: Point) -> Option<Tx<'_>> {
        Some(Tx(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }
}

struct Rx(Vec<u8>);

impl RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Tx<'a>(&'a mut Wire);

impl TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.here.push_back((self.0.now + DELAY, packet));
        result
    }
}

struct World {
    clock: VirtualClock,
    host: Host,
    tasks: Tasks,
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    numbers: Numbers,
    /// Packets in a thousand that get lost on their way to either.
    lost: u64,
}

impl World {
    fn new(seed: u64, lost: u64) -> Self {
        let clock = VirtualClock::default();
        let host = Host::at(SERVER.ip(), &clock, seed, Offloads::default());
        let mut wire = Wire::default();
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut wire, Point::ZERO);
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(PEER.ip().into(), 24)).unwrap());
        let buffer = || tcp::SocketBuffer::new(vec![0; 65_000]);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(tcp::Socket::new(buffer(), buffer()));
        let (tasks, numbers) = (Tasks::default(), Numbers::new(seed));
        Self { clock, host, tasks, wire, interface, sockets, socket, numbers, lost }
    }

    /// Runs both until the tasks and `step`, the application over there, are done.
    fn run(&mut self, mut step: impl FnMut(&mut tcp::Socket<'static>, &mut Interface) -> bool) {
        let end = self.clock.now() + Duration::from_secs(600);
        let mut done = false;
        while !done || !self.tasks.is_empty() {
            let now = self.clock.now();
            assert!(now < end, "it hangs");
            self.wire.now = now;
            while let Some(packet) = Wire::arrived(now, &mut self.wire.here) {
                self.input(&packet);
            }
            self.tasks.run();
            self.host.poll();
            self.collect(now);

            let point = Point::from_micros((now.as_nanos() / 1000) as i64);
            done = step(self.sockets.get_mut(self.socket), &mut self.interface);
            self.interface.poll(point, &mut self.wire, &mut self.sockets);
            done |= step(self.sockets.get_mut(self.socket), &mut self.interface);
            let wait = self.interface.poll_delay(point, &self.sockets);
            let theirs = wait.map(|wait| now + Duration::from_micros(wait.total_micros()));
            let wire = [&self.wire.here, &self.wire.there].into_iter().filter_map(|packets| packets.front());
            let next = wire.map(|&(at, _)| at).chain(theirs).chain(self.host.deadline).min();
            self.clock
                .set(next.map_or(now + Duration::from_millis(1), |next| next.max(now + Duration::from_micros(1))));
        }
    }

    fn input(&mut self, packet: &[u8]) {
        let header = Ipv4Packet::new_checked(packet).unwrap();
        if self.numbers.below(1000) >= self.lost {
            let (from, to): (IpAddr, IpAddr) = (header.src_addr().into(), header.dst_addr().into());
            self.host.input_bytes(from, to, &mut header.payload().to_vec(), Received::default());
        }
    }

    fn collect(&mut self, now: Instant) {
        while let Some(sent) = self.host.link.take() {
            if self.numbers.below(1000) < self.lost {
                continue;
            }
            let (IpAddr::V4(src_addr), IpAddr::V4(dst_addr)) = (sent.header.source, sent.header.destination) else {
                continue;
            };
            let payload_len = sent.bytes.len();
            let header = Ipv4Repr { src_addr, dst_addr, next_header: IpProtocol::Tcp, payload_len, hop_limit: 64 };
            let mut packet = vec![0; 20 + payload_len];
            header.emit(&mut Ipv4Packet::new_unchecked(&mut packet[..]), &ChecksumCapabilities::default());
            packet[20..].copy_from_slice(&sent.bytes);
            self.wire.there.push_back((now + DELAY, packet));
        }
    }
}

/// Receives `LENGTH` bytes and sends as many back, then finishes.
struct Echo {
    received: usize,
    sent: usize,
}

impl Echo {
    fn step(&mut self, socket: &mut tcp::Socket<'static>) -> bool {
        while socket.can_recv() {
            socket
                .recv(|bytes| {
                    assert!(bytes.iter().enumerate().all(|(at, &byte)| byte == content(self.received + at)));
                    self.received += bytes.len();
                    (bytes.len(), ())
                })
                .unwrap();
        }
        while self.received == LENGTH && self.sent < LENGTH && socket.can_send() {
            self.sent += socket
                .send(|space| {
                    let length = space.len().min(LENGTH - self.sent);
                    (0..length).for_each(|at| space[at] = content(self.sent + at));
                    (length, length)
                })
                .unwrap();
        }
        if self.sent == LENGTH {
            socket.close();
        }
        self.sent == LENGTH && matches!(socket.state(), tcp::State::Closed | tcp::State::TimeWait)
    }
}

#[test]
fn it_is_served() {
    for lost in [0, 10] {
        let mut world = World::new(7, lost);
        let tcp = world.host.tcp.clone();
        world.tasks.spawn(async move {
            let mut listener = tcp.listen(SERVER.port()).await.unwrap();
            let (mut reader, mut writer) = listener.accept().await.unwrap().split();
            send(&mut writer, LENGTH).await;
            receive(&mut reader, LENGTH).await;
        });
        let (mut echo, mut asked) = (Echo { received: 0, sent: 0 }, false);
        world.run(|socket, interface| {
            if !std::mem::replace(&mut asked, true) {
                socket.connect(interface.context(), SERVER, PEER.port()).unwrap();
            }
            echo.step(socket)
        });
    }
}

#[test]
fn it_serves() {
    for lost in [0, 10] {
        let mut world = World::new(8, lost);
        let tcp = world.host.tcp.clone();
        world.sockets.get_mut::<tcp::Socket<'static>>(world.socket).listen(PEER.port()).unwrap();
        world.tasks.spawn(async move {
            let mut flow = tcp.connect(PEER).await.unwrap();
            send(&mut flow, LENGTH).await;
            receive(&mut flow, LENGTH).await;
        });
        let mut echo = Echo { received: 0, sent: 0 };
        world.run(|socket, _| echo.step(socket));
    }
}
