//! Our own stack on a tap beside Linux's on a veth pair: the same application, turn by turn, each with Linux's TCP on
//! the other end, in a network namespace.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use mirage_e2e::{Outcome, Project, Space, Unikernel};

use crate::image::Images;
use crate::process::used;
use crate::stream::{Bounds, receive, send, wait};
use crate::{Figures, Load, Tool, pressed};

/// How often each thing is measured on each side.
const ROUNDS: usize = 6;

/// Seconds of pressing for one figure.
const SECONDS: u32 = 2;

/// What is sent for one measurement of throughput.
const BULK: Bounds = Bounds { bytes: 1 << 30, time: Duration::from_secs(5) };

/// One way to serve: an image, the namespace of its client, and how it is started.
struct Side {
    whose: &'static str,
    client: Space,
    server: Option<Space>,
    image: PathBuf,
    arguments: Vec<String>,
}

/// A server that runs until dropped.
struct Running(Unikernel);

impl Side {
    fn ours(image: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let client = Space::new("our own stack on a tap").context("no tap can be made here")?;
        give_ports(&client)?;
        let arguments = ["--interface", Space::TAP, "--ipv4", "10.0.0.2/24"].iter().chain(more);
        let arguments = arguments.map(|&argument| argument.to_owned()).collect();
        Ok(Self { whose: "direct on a tap", client, server: None, image: image.to_owned(), arguments })
    }

    fn linux(image: &Path) -> anyhow::Result<Self> {
        let (client, server) = Space::pair("Linux's stack on a veth pair").context("no veth pair can be made here")?;
        give_ports(&client)?;
        let arguments = vec![];
        Ok(Self { whose: "sockets on a veth pair", client, server: Some(server), image: image.to_owned(), arguments })
    }

    /// Linux's stack, which cuts segments and fills in checksums itself.
    fn linux_without_offloads(image: &Path) -> anyhow::Result<Self> {
        let side = Self::linux(image)?;
        for (space, link) in [(Some(&side.client), "veth0"), (side.server.as_ref(), "veth1")] {
            let Some(space) = space else { continue };
            let mut ethtool = space.run("ethtool");
            Outcome::of(ethtool.args(["-K", link, "tso", "off", "gso", "off", "gro", "off", "tx", "off"])).ends_with(0);
        }
        Ok(side)
    }

    /// Starts the server on processor 0 and waits until it accepts.
    fn start(&self, port: u16) -> anyhow::Result<Running> {
        let mut command = self.server.as_ref().unwrap_or(&self.client).run("taskset");
        command.args(["-c", "0"]).arg(&self.image).args(&self.arguments);
        let unikernel = Unikernel::spawn(&mut command);
        self.client.within(|| wait(port))?;
        Ok(Running(unikernel))
    }

    /// Requests/s, a second after the load has begun, and the processor time a request takes the server, in µs.
    fn press(&self, server: &Running, load: Load, more: &[&str]) -> anyhow::Result<(f64, f64)> {
        let press = |load| pressed(self.client.run("taskset"), "http://10.0.0.2/", load, more);
        press(Load { seconds: 1, ..load })?;
        let before = server.used()?;
        let answered = press(load)?;
        Ok((answered.rate, (server.used()? - before) / answered.requests * 1e6))
    }
}

/// Gives a client as many ports as there are, which it may take again while a connection of before is in TIME-WAIT: a round of
/// 10,000 connections, and its run-up, leave 20,000 such.
fn give_ports(client: &Space) -> anyhow::Result<()> {
    let settings = [("ip_local_port_range", "1024 65535"), ("tcp_tw_reuse", "1")];
    client.within(|| {
        settings.iter().try_for_each(|(name, value)| std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value))
    })?;
    Ok(())
}

impl Running {
    /// Seconds of a processor it has used so far.
    fn used(&self) -> anyhow::Result<f64> {
        used(self.0.pid())
    }
}

/// Requests/s over connections that are kept, and what each takes the server of its processor; over so many connections
/// only, if `only` says how many.
pub fn direct_http(tool: &Tool, only: Option<u32>) -> anyhow::Result<Vec<Figures>> {
    let images = Images::build(tool, Project::new("http-bench", "http"))?;
    let sides = [Side::ours(&images.direct, &[])?, Side::linux(&images.socket)?];
    let mut figures = vec![];
    for connections in only.map_or(vec![1, 10, 1000, 10_000], |only| vec![only]) {
        // So many take seconds to be there: of those whose SYN found no room the client asks again after one, then two.
        let seconds = if connections < 10_000 { SECONDS } else { 5 * SECONDS };
        let load = Load { connections, seconds };
        figures.extend(requests(&sides, &format!("HTTP hello, {connections} connections"), load, &[])?);
    }
    Ok(figures)
}

/// Connections/s, the server closing each after its reply.
pub fn direct_close(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
    let images = Images::build(tool, Project::new("http-bench", "http"))?;
    let sides = [Side::ours(&images.direct, &[])?, Side::linux(&images.socket)?];
    let load = Load { connections: 10, seconds: SECONDS };
    requests(&sides, "HTTP hello, a connection a request, 10 at once", load, &["-H", "Connection: close"])
}

/// Bulk throughput, with what the device does of the work and without.
pub fn direct_bulk(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
    let images = Images::build(tool, Project::fixture("bulk"))?;
    let with = [Side::ours(&images.direct, &[])?, Side::linux(&images.socket)?];
    let without = [Side::ours(&images.direct, &["--no-offloads"])?, Side::linux_without_offloads(&images.socket)?];
    let mut figures = vec![];
    for (sides, offloads) in [(with, "with"), (without, "without")] {
        for (way, measure) in [("to", send as fn(Bounds) -> _), ("from", receive)] {
            let what = format!("one stream {way} the unikernel, {offloads} offloads");
            figures.extend(compare(&sides, 9, &what, "MB/s", |side, _| side.client.within(|| measure(BULK)))?);
        }
    }
    Ok(figures)
}

/// What `--poll` is worth: requests/s and processor time a request for several of its values, and what a server costs
/// that has nothing to do.
pub fn direct_poll(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
    const POLLS: [&str; 5] = ["0", "20", "50", "100", "200"];
    let images = Images::build(tool, Project::new("http-bench", "http"))?;
    let sides = POLLS.map(|poll| Side::ours(&images.direct, &["--poll", poll]));
    let mut figures = vec![];
    for connections in [1, 10, 1000] {
        let named = |poll, what: &str| format!("`--poll {poll}`, {connections} connections: {what}");
        let mut rates = POLLS.map(|poll| Figures::new(named(poll, "requests"), "req/s"));
        let mut costs = POLLS.map(|poll| Figures::new(named(poll, "processor a request"), "µs"));
        for round in 0..3 {
            for turn in 0..POLLS.len() {
                let which = (turn + round) % POLLS.len();
                let side = sides[which].as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
                let server = side.start(80)?;
                let (rate, cost) = side.press(&server, Load { connections, seconds: 1 }, &[])?;
                rates[which].push(rate);
                costs[which].push(cost);
            }
        }
        figures.extend(rates.into_iter().chain(costs));
    }
    for (poll, side) in POLLS.iter().zip(&sides) {
        let side = side.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let server = side.start(80)?;
        std::thread::sleep(Duration::from_secs(1));
        let idle = Figures::new(format!("`--poll {poll}`: processor of an idle server"), "µs/s");
        figures.push(idle.measure(3, || {
            let before = server.used()?;
            std::thread::sleep(Duration::from_secs(1));
            Ok((server.used()? - before) * 1e6)
        })?);
    }
    Ok(figures)
}

/// Requests/s of both sides, and what each costs.
fn requests(sides: &[Side; 2], what: &str, load: Load, more: &[&str]) -> anyhow::Result<Vec<Figures>> {
    let costs = std::cell::RefCell::new(
        sides.each_ref().map(|side| Figures::new(format!("{what}: processor a request, {}", side.whose), "µs")),
    );
    let mut figures = compare(sides, 80, what, "req/s", |side, server| {
        let (rate, cost) = side.press(server, load, more)?;
        let which = usize::from(side.server.is_some());
        costs.borrow_mut()[which].push(cost);
        Ok(rate)
    })?;
    figures.extend(costs.into_inner());
    Ok(figures)
}

/// Measures both sides in turn, whoever goes first going second the next time.
fn compare(
    sides: &[Side; 2],
    port: u16,
    what: &str,
    unit: &'static str,
    measure: impl Fn(&Side, &Running) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Figures>> {
    let mut figures = sides.each_ref().map(|side| Figures::new(format!("{what}: {}", side.whose), unit));
    for round in 0..ROUNDS {
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let side = &sides[which];
            let server = side.start(port)?;
            figures[which].push(measure(side, &server)?);
        }
    }
    let [ours, theirs] = figures;
    let ratio = ours.ratio(&theirs, format!("{what}: direct / sockets"));
    Ok(vec![ours, theirs, ratio])
}
