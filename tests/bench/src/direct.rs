//! Our own stack on a tap beside Linux's on a veth pair: the same application, turn by turn, each with Linux's TCP on
//! the other end, in a network namespace.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use mirage_e2e::{Project, Space, Unikernel};

use crate::{Figures, Load, Tool, pressed, timed};

/// Where the server is, on either path.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// How often each thing is measured on each side.
const ROUNDS: usize = 8;

/// One way to serve: an image, the namespace of its client, and how it is started.
struct Side {
    whose: &'static str,
    client: Space,
    server: Option<Space>,
    image: PathBuf,
    arguments: Vec<String>,
}

impl Side {
    fn ours(image: &Path) -> anyhow::Result<Self> {
        let client = Space::new("our own stack on a tap").context("no tap can be made here")?;
        let arguments = ["--interface", Space::TAP, "--ipv4", "10.0.0.2/24"].map(str::to_owned).to_vec();
        Ok(Self { whose: "direct on a tap", client, server: None, image: image.to_owned(), arguments })
    }

    fn linux(image: &Path) -> anyhow::Result<Self> {
        let (client, server) = Space::pair("Linux's stack on a veth pair").context("no veth pair can be made here")?;
        let arguments = vec![];
        Ok(Self { whose: "sockets on a veth pair", client, server: Some(server), image: image.to_owned(), arguments })
    }

    /// Starts the server on processor 0 and waits until it accepts.
    fn start(&self, port: u16) -> anyhow::Result<Unikernel> {
        let mut command = self.server.as_ref().unwrap_or(&self.client).run("taskset");
        command.args(["-c", "0"]).arg(&self.image).args(&self.arguments);
        let unikernel = Unikernel::spawn(&mut command);
        let patience = Instant::now() + Duration::from_secs(20);
        while self.client.within(|| connect(port)).is_err() {
            ensure!(Instant::now() < patience, "{command:?} does not listen on {port}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(unikernel)
    }
}

fn connect(port: u16) -> anyhow::Result<TcpStream> {
    Ok(TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, port)), Duration::from_secs(5))?)
}

/// Requests/s, connections/s and bulk throughput, ours beside Linux's.
pub fn direct(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
    let images = |project: &Project| -> anyhow::Result<(PathBuf, PathBuf)> {
        let image = |net: &str| -> anyhow::Result<PathBuf> {
            let mut build = tool.command();
            build.current_dir(project.folder()).args(["--quiet", "build", "-t", "unix", "--net", net]);
            timed(&mut build)?;
            let mut query = tool.command();
            let image = query.current_dir(project.folder()).args(["query", "image"]).output()?.stdout;
            let kept = project.file(net);
            std::fs::copy(String::from_utf8(image)?.trim(), &kept)?;
            Ok(kept)
        };
        Ok((image("direct")?, image("socket")?))
    };
    let mut figures = vec![];
    let http = Project::new("http-bench", "http");
    let (direct, socket) = images(&http)?;
    let sides = (Side::ours(&direct)?, Side::linux(&socket)?);
    for connections in [1, 10, 1000, 10_000] {
        let load = Load { connections, seconds: 3 };
        let what = format!("HTTP hello, {connections} connections");
        figures.extend(compare(&sides, 80, &what, "req/s", |side| {
            let taskset = side.client.run("taskset");
            Ok(pressed(taskset, "http://10.0.0.2/", load, &[])?.rate)
        })?);
    }
    let load = Load { connections: 10, seconds: 3 };
    figures.extend(compare(&sides, 80, "HTTP hello, a connection a request, 10 at once", "req/s", |side| {
        let taskset = side.client.run("taskset");
        Ok(pressed(taskset, "http://10.0.0.2/", load, &["-H", "Connection: close"])?.rate)
    })?);
    drop(sides);

    let bulk = Project::fixture("bulk");
    let (direct, socket) = images(&bulk)?;
    let sides = (Side::ours(&direct)?, Side::linux(&socket)?);
    figures.extend(compare(&sides, 9, "one stream to the unikernel", "MB/s", |side| side.client.within(send))?);
    figures.extend(compare(&sides, 19, "one stream from the unikernel", "MB/s", |side| side.client.within(receive))?);
    Ok(figures)
}

/// Measures both sides in turn, whoever goes first going second the next time.
fn compare(
    (ours, theirs): &(Side, Side),
    port: u16,
    what: &str,
    unit: &'static str,
    measure: impl Fn(&Side) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Figures>> {
    let mut figures = [ours, theirs].map(|side| Figures::new(format!("{what}: {}", side.whose), unit));
    for round in 0..ROUNDS {
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let side = [ours, theirs][which];
            let _unikernel = side.start(port)?;
            figures[which].push(measure(side)?);
        }
    }
    let [ours, theirs] = figures;
    let ratio = ours.ratio(&theirs, format!("{what}: direct / sockets"));
    Ok(vec![ours, theirs, ratio])
}

/// What is sent for one measurement of throughput, in bytes.
const BULK: usize = 1 << 30;

fn send() -> anyhow::Result<f64> {
    let mut stream = connect(9)?;
    let piece = vec![0; 256 * 1024];
    let start = Instant::now();
    for _ in 0..BULK / piece.len() {
        stream.write_all(&piece)?;
    }
    stream.shutdown(Shutdown::Write)?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    ensure!(said.starts_with(&format!("{BULK} ")), "it took {said}");
    Ok(BULK as f64 / 1e6 / start.elapsed().as_secs_f64())
}

fn receive() -> anyhow::Result<f64> {
    let mut stream = connect(19)?;
    let mut piece = vec![0; 256 * 1024];
    let start = Instant::now();
    writeln!(stream, "{BULK}")?;
    let mut taken = 0;
    while taken < BULK {
        match stream.read(&mut piece)? {
            0 => break,
            length => taken += length,
        }
    }
    ensure!(taken == BULK, "only {taken} bytes came");
    Ok(BULK as f64 / 1e6 / start.elapsed().as_secs_f64())
}
