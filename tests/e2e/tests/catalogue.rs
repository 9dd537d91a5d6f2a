//! Every device of the catalogue that there is on unix, in one image that uses each.

use mirage_e2e::{Outcome, Project};

const CONFIG: &str = r#"
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let stack = generic_stack(default_network());
    let other = socket_stack().prefix("other");
    unikernel("e2e-catalogue")
        .job(job!(e2e_catalogue::time(default_console(), default_clock(), default_wall_clock(), default_time())))
        .job(job!(e2e_catalogue::chance(default_console(), default_random(), default_resolver(stack))))
        .job(job!(e2e_catalogue::network(default_console(), tcp_of(stack), udp_of(other), default_spawn(), args())))
}
"#;

const UNIKERNEL: &str = r#"
//! Uses every device there is.
#![no_std]
extern crate alloc;

use core::net::Ipv4Addr;
use core::time::Duration;
use mirage::rand_core::Rng as _;
use mirage::{BufWrite as _, Clock, Console, Flow as _, Listener as _, Random, Resolver, Spawn, Tcp, Time, Udp, UdpSocket as _, WallClock};
use mirage::io::{Read as _, Write as _};

#[derive(mirage::Args, Clone)]
pub struct Options {
    /// What is sent to and fro
    #[arg(default = "hello")]
    pub word: alloc::string::String,
}

#[mirage::job]
pub async fn time(console: impl Console, clock: impl Clock, wall: impl WallClock, time: impl Time) {
    let (begin, date) = (clock.now(), wall.now());
    time.sleep(Duration::from_millis(20)).await;
    let slept = clock.now().since(begin) >= Duration::from_millis(20);
    // A wall clock may be set while this runs; that it is past 2020 holds all the same.
    let dated = date.0 > Duration::from_secs(1_577_836_800);
    console.log(format_args!("time: slept {slept}, dated {dated}")).await;
}

#[mirage::job]
pub async fn chance(console: impl Console, mut random: impl Random, resolver: impl Resolver) {
    let differ = random.next_u64() != random.next_u64();
    let found = resolver.resolve("127.0.0.1").await.is_ok();
    console.log(format_args!("chance: differ {differ}, found {found}")).await;
}

#[mirage::job]
pub async fn network(console: impl Console, tcp: impl Tcp, udp: impl Udp, spawn: impl Spawn, options: Options) {
    let (one, two) = (udp.bind(0).await.unwrap(), udp.bind(0).await.unwrap());
    one.send(options.word.as_bytes(), (Ipv4Addr::LOCALHOST, two.port()).into()).await.unwrap();
    let mut datagram = [0; 16];
    let (length, _) = two.receive(&mut datagram).await.unwrap();

    let mut listener = tcp.listen(0).await.unwrap();
    let port = listener.port();
    let word = options.word.clone();
    spawn.spawn(async move {
        let mut flow = listener.accept().await.unwrap();
        flow.write_all(word.as_bytes()).await.unwrap();
        flow.close().await.unwrap();
    });
    let mut flow = tcp.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap();
    let mut stream = alloc::vec![0; options.word.len()];
    flow.read_exact(&mut stream).await.unwrap();
    let same = datagram[..length] == *options.word.as_bytes() && stream == options.word.as_bytes();
    console.log(format_args!("network: same {same}")).await;
}
"#;

#[test]
fn every_device_there_is_does_what_it_is_for() {
    let project = Project::with_config("e2e-catalogue", CONFIG.trim_start());
    project.write("unikernel.rs", UNIKERNEL.trim_start());
    let said = Outcome::of(&mut project.command(&["run", "-q", "--", "--word", "moin", "--other-listen", "127.0.0.1"]));
    let said = said.ends_with(0);
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.sort_unstable();
    let expected = ["chance: differ true, found true", "network: same true", "time: slept true, dated true"];
    assert_eq!(lines, expected, "{}", said.err);
    let devices = project.call(&["query", "devices"]).ends_with(0).out;
    for device in [
        "mirage_unix::Clock",
        "mirage_unix::Logger",
        "mirage_unix::Random",
        "mirage_unix::Resolver",
        "mirage_unix::SocketStack",
        "mirage_unix::Spawner",
        "mirage_unix::Stdio",
        "mirage_unix::Time",
        "mirage_unix::WallClock",
        "mirage::TcpOf",
        "mirage::UdpOf",
    ] {
        assert!(devices.contains(&format!("\t{device}\t")), "{device} in\n{devices}");
    }
}
