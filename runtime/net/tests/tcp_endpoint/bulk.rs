//! Two endpoints with a bad network between them.

use std::cell::Cell;
use std::net::{Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use embedded_io_async::{BufRead, Write};
use mirage::time::Instant;
use mirage::{BufWrite, Clock, Listener, Offloads, Received, Tcp};

use crate::support::{Host, Numbers, PEER, SERVER, Sent, Tasks, VirtualClock};

const MEGABYTE: usize = 1 << 20;

/// What happens to one packet in a thousand, and how long packets are under way.
#[derive(Clone, Copy, Default)]
struct Weather {
    lost: u64,
    twice: u64,
    late: u64,
    delay: Duration,
    /// Packets an interface takes a round.
    room: Option<usize>,
    offloads: Offloads,
    version_6: bool,
}

struct World {
    clock: VirtualClock,
    hosts: [Host; 2],
    numbers: Numbers,
    weather: Weather,
    server: SocketAddr,
    flying: Vec<(Instant, usize, Sent)>,
    tasks: Tasks,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        let clock = VirtualClock::default();
        let host = |address, seed| Host::at(address, &clock, seed, weather.offloads);
        let [server, client] = match weather.version_6 {
            false => [SERVER.ip(), PEER.ip()],
            true => [1, 2].map(|last| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).into()),
        };
        let hosts = [host(server, seed), host(client, seed + 1)];
        let server = SocketAddr::new(server, SERVER.port());
        let numbers = Numbers::new(seed + 2);
        Self { clock, hosts, numbers, weather, server, flying: Vec::new(), tasks: Tasks::default() }
    }

    /// Runs everything until all tasks are done, for at most ten minutes.
    fn run(&mut self) {
        let end = self.clock.now() + Duration::from_secs(600);
        while !self.tasks.is_empty() {
            let now = self.clock.now();
            assert!(now < end, "it hangs");
            self.deliver(now);
            self.tasks.run();
            for index in 0..2 {
                if let Some(room) = self.weather.room {
                    self.hosts[index].link.set_room(room);
                }
                self.hosts[index].poll();
                self.collect(index, now);
            }
            let full = self.weather.room.is_some().then_some(now + Duration::from_millis(1));
            let deadlines = self.hosts.iter().filter_map(|host| host.deadline);
            let arrivals = self.flying.iter().map(|&(at, ..)| at);
            let next = deadlines.chain(arrivals).chain(full).min().expect("somebody waits for something");
            self.clock.set(next.max(now));
        }
    }

    fn collect(&mut self, from: usize, now: Instant) {
        let Weather { lost, twice, late, delay, .. } = self.weather;
        while let Some(packet) = self.hosts[from].link.take() {
            if self.numbers.below(1000) < lost {
                continue;
            }
            let mut at = now + delay;
            if self.numbers.below(1000) < late {
                at = at + Duration::from_millis(self.numbers.below(20));
            }
            if self.numbers.below(1000) < twice {
                let again = Sent { bytes: packet.bytes.clone(), ..packet };
                self.flying.push((at + Duration::from_millis(1), 1 - from, again));
            }
            self.flying.push((at, 1 - from, packet));
        }
        self.flying.sort_by_key(|&(at, ..)| at);
    }

    fn deliver(&mut self, now: Instant) {
        let arrived = self.flying.partition_point(|&(at, ..)| at <= now);
        for (_, to, mut packet) in self.flying.drain(..arrived).collect::<Vec<_>>() {
            let received = Received { checksum: packet.offload.checksum.is_some(), segment: packet.offload.segment };
            let (source, destination) = (packet.header.source, packet.header.destination);
            self.hosts[to].input_bytes(source, destination, &mut packet.bytes, received);
        }
    }
}

pub fn content(at: usize) -> u8 {
    (at * 7 + at / 251) as u8
}

pub async fn send(writer: &mut (impl BufWrite + ?Sized), length: usize) {
    let mut sent = 0;
    while sent < length {
        let space = writer.space().await.unwrap();
        let part = space.len().min(length - sent);
        (0..part).for_each(|at| space[at] = content(sent + at));
        writer.commit(part);
        sent += part;
    }
    writer.close().await.unwrap();
}

pub async fn receive(reader: &mut (impl BufRead + ?Sized), length: usize) {
    let mut received = 0;
    loop {
        let part = reader.fill_buf().await.unwrap();
        if part.is_empty() {
            break;
        }
        assert!(part.iter().enumerate().all(|(at, &byte)| byte == content(received + at)));
        let length = part.len();
        received += length;
        reader.consume(length);
    }
    assert_eq!(received, length);
}

/// A megabyte each way, at once; how long it took.
fn exchange(seed: u64, weather: Weather) -> Duration {
    let mut world = World::new(seed, weather);
    let done = Rc::new(Cell::new(0));
    let [server, client] = [0, 1].map(|index: usize| world.hosts[index].tcp.clone());
    let address = world.server;
    let count = done.clone();
    world.tasks.spawn(async move {
        let mut listener = server.listen(SERVER.port()).await.unwrap();
        let (mut reader, mut writer) = mirage::Flow::split(listener.accept().await.unwrap());
        receive(&mut reader, MEGABYTE).await;
        send(&mut writer, MEGABYTE).await;
        count.set(count.get() + 1);
    });
    let count = done.clone();
    world.tasks.spawn(async move {
        let mut flow = client.connect(address).await.unwrap();
        flow.write_all(&[]).await.unwrap();
        send(&mut flow, MEGABYTE).await;
        receive(&mut flow, MEGABYTE).await;
        count.set(count.get() + 1);
    });
    world.run();
    assert_eq!(done.get(), 2);
    world.clock.now() - Instant::START
}

#[test]
fn a_megabyte_each_way() {
    let took = exchange(1, Weather { delay: Duration::from_millis(5), ..Weather::default() });
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn the_same_over_ipv6() {
    exchange(1, Weather { delay: Duration::from_millis(5), lost: 5, version_6: true, ..Weather::default() });
}

#[test]
fn through_loss_doubles_and_disorder() {
    for seed in 0..5 {
        let weather = Weather { lost: 20, twice: 10, late: 30, delay: Duration::from_millis(5), ..Weather::default() };
        let took = exchange(seed, weather);
        assert!(took < Duration::from_secs(60), "seed {seed}: {took:?}");
    }
}

#[test]
fn through_an_interface_with_little_room() {
    let took = exchange(1, Weather { delay: Duration::from_millis(1), room: Some(7), ..Weather::default() });
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn with_a_device_that_cuts_segments() {
    let offloads = Offloads { checksum: true, segment_v4: true, segment_v6: true };
    let weather = Weather { lost: 5, delay: Duration::from_millis(1), offloads, ..Weather::default() };
    exchange(3, weather);
}

#[test]
fn a_path_that_gets_narrower_rfc_1191() {
    let mut world = World::new(1, Weather { delay: Duration::from_millis(1), ..Weather::default() });
    let [server, client] = [0, 1].map(|index: usize| world.hosts[index].tcp.clone());
    let link = world.hosts[1].link.clone();
    world.tasks.spawn(async move {
        let mut listener = server.listen(SERVER.port()).await.unwrap();
        receive(&mut listener.accept().await.unwrap(), MEGABYTE).await;
    });
    world.tasks.spawn(async move {
        let mut flow = client.connect(SERVER).await.unwrap();
        link.set_mtu(900);
        send(&mut flow, MEGABYTE).await;
    });
    world.run();
}
