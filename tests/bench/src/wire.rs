//! A bad wire: what our own stack gets through it beside what Linux's gets, sending and receiving, with Linux's on the
//! other end of either.
//!
//! The wire is the unikernel of `tests/e2e/fixtures/wire`, which takes frames from one tap device, spoils them as it is
//! told, by a seed, and puts them into another. Behind that is a bridge, and behind the bridge our stack's tap or Linux's
//! end of a veth pair. Each side gets the wire with the same conditions and the same seed, turn by turn, anew for every
//! round. Frames are of a wire's own length: whoever sends cuts them first. Both ends run CUBIC, and
//! Linux forgets of each connection what it has learnt of the path.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use mirage_e2e::{Project, Space, Unikernel};

use crate::image::{Images, built};
use crate::stream::{Bounds, receive, send, wait};
use crate::{Figures, Tool};

/// How bad the wire is, and what that is called.
const CONDITIONS: [(&str, &[&str]); 8] = [
    ("nothing", &[]),
    ("0.1 % lost", &["--loss", "10"]),
    ("1 % lost", &["--loss", "100"]),
    ("5 % lost", &["--loss", "500"]),
    ("2 % overtaken by 3 ms", &["--reorder", "200", "--latency", "1000"]),
    ("2 % doubled", &["--duplicate", "200"]),
    ("1 ms", &["--latency", "1000"]),
    ("50 ms", &["--latency", "50000"]),
];

/// What a stream may take of each round: long enough that where its slow start ended, which a wire that overtakes makes a
/// matter of luck, is not all there is to it.
const BOUNDS: Bounds = Bounds { bytes: 1 << 30, time: Duration::from_secs(6) };

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The stack under measurement sends.
    Sends,
    /// It receives.
    Receives,
}

/// Whose stack is under measurement.
#[derive(Clone, Copy)]
enum Whose {
    Ours,
    Linux,
}

/// The namespaces of both sides, which last for all rounds.
struct Ground {
    wire: PathBuf,
    bulk: Images,
    /// One end is here, with the wire and the bridge, and so is our stack's tap.
    near: Space,
    /// Linux's other end.
    far: Space,
}

/// Throughput over a wire that is bad in every way there is or in those whose name contains `only`, ours as a ratio to
/// Linux's.
pub fn wire(tool: &Tool, ways: &[Way], only: &str, rounds: u64) -> anyhow::Result<Vec<Figures>> {
    let ground = Ground::new(tool)?;
    let mut figures = vec![];
    for (what, conditions) in CONDITIONS.iter().filter(|(what, _)| what.contains(only)) {
        let named = |way: &Way, whose: &str| {
            let way = if *way == Way::Sends { "sends" } else { "receives" };
            format!("{what}: {whose} {way}")
        };
        let mut measured: Vec<_> = ways
            .iter()
            .map(|way| (Figures::new(named(way, "ours"), "MB/s"), Figures::new(named(way, "Linux"), "MB/s")))
            .collect();
        for round in 1..=rounds {
            let mut sides = [Whose::Ours, Whose::Linux];
            // Whoever goes second finds another machine: each does so half of the time.
            if round % 2 == 0 {
                sides.reverse();
            }
            for whose in sides {
                let seed = (round * 0x9e37_79b9).to_string();
                let rates = ground.measure(whose, &[conditions, &["--seed", &seed][..]].concat(), ways)?;
                for (rate, (ours, linux)) in rates.into_iter().zip(&mut measured) {
                    match whose {
                        Whose::Ours => ours.push(rate),
                        Whose::Linux => linux.push(rate),
                    }
                }
            }
        }
        for ((ours, linux), way) in measured.into_iter().zip(ways) {
            let ratio = ours.of_medians(&linux, named(way, "ours / Linux"));
            figures.extend([ours, linux, ratio]);
        }
    }
    Ok(figures)
}

impl Ground {
    fn new(tool: &Tool) -> anyhow::Result<Self> {
        let wire = Project::fixture("wire");
        let image = built(tool, &wire, &[], "the-wire")?;
        // The image outlives its project.
        let kept = mirage_e2e::target().join("bench-wire");
        std::fs::copy(image, &kept)?;
        let bulk = Images::build(tool, Project::fixture("bulk"))?;
        let space = || Space::new("a bad wire").context("no namespace with a tap can be made here");
        let ground = Self { wire: kept, bulk, near: space()?, far: space()? };
        for space in [&ground.near, &ground.far] {
            space.ip(&["address", "flush", "dev", Space::TAP]);
            space.within(|| std::fs::write("/proc/sys/net/ipv4/tcp_no_metrics_save", "1"))?;
        }
        ground.near.ip(&["link", "add", "bridge0", "type", "bridge"]);
        ground.near.ip(&["link", "set", "bridge0", "up"]);
        ground.near.ip(&["link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", ground.far.name()]);
        for link in [Space::TAP, "veth0"] {
            ground.near.ip(&["link", "set", link, "master", "bridge0"]);
        }
        ground.far.ip(&["link", "set", "veth1", "up"]);
        cubic(&ground.far, "veth1", "10.0.0.2");
        Ok(ground)
    }

    /// One round of one side, each way: MB/s.
    fn measure(&self, whose: Whose, conditions: &[&str], ways: &[Way]) -> anyhow::Result<Vec<f64>> {
        let mut wire = self.near.run(&self.wire.display().to_string());
        wire.args(["--left-interface", "wire0", "--left-no-offloads"]);
        wire.args(["--right-interface", "wire1", "--right-no-offloads"]).args(conditions);
        let mut wire = Unikernel::spawn(&mut wire);
        wire.wait_for("the wire is up");
        cubic(&self.near, "wire0", "10.0.0.1");
        self.near.ip(&["link", "set", "wire1", "master", "bridge0"]);
        // Both of them have the address: one is there.
        let (mut server, there) = match whose {
            Whose::Ours => {
                let mut server = self.near.run(&self.bulk.direct.display().to_string());
                server.args(["--interface", Space::TAP, "--ipv4", "10.0.0.2/24"]);
                (server, "down")
            }
            Whose::Linux => (self.far.run(&self.bulk.socket.display().to_string()), "up"),
        };
        self.near.ip(&["link", "set", "veth0", there]);
        let mut server = Unikernel::spawn(&mut server);
        server.wait_for("bulk is ready");
        self.near.within(|| {
            wait(7)?;
            ways.iter()
                .map(|way| match way {
                    Way::Sends => receive(BOUNDS),
                    Way::Receives => send(BOUNDS),
                })
                .collect()
        })
    }
}

/// Gives a link an address of 10.0.0.0/24, which connections go to and come from with CUBIC, whatever Linux's default is.
fn cubic(space: &Space, link: &str, address: &str) {
    space.ip(&["address", "add", &format!("{address}/24"), "dev", link]);
    let route = ["route", "replace", "10.0.0.0/24", "dev", link, "scope", "link", "src", address];
    space.ip(&[&route[..], &["congctl", "cubic"]].concat());
}
