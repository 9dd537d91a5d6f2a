//! `cargo run --release -p mirage-bench [PART]…`: measures what the README states, all of it or these parts, and prints
//! it as a table.
//!
//! | part | what it measures | minutes |
//! |---|---|---:|
//! | `tool` | `mirage` itself, and the size of an image | 1 |
//! | `http` | requests/s over the kernel's sockets beside hyper | 4 |
//! | `direct-http` | requests/s over our own stack on a tap beside Linux's on a veth pair | 4 |
//! | `direct-close` | the same with a connection for each request | 1 |
//! | `direct-bulk` | a stream each way, with and without offloads | 2 |
//! | `direct-poll` | values of `--poll` | 3 |
//! | `wire-sends`, `wire-receives` | a stream each way over a bad wire, as a ratio to Linux's | 2 each |
//! | `kvm-boot` | an image on a microvm beside a small Linux: QEMU's start to the first byte | 1 |
//! | `kvm-size` | least memory and size of both | 1 |
//! | `kvm-http` | requests/s of both, on a tap | 3 |
//! | `xen-create` | a domain beside a small Linux's, on Xen in QEMU: `xl create` to the first byte | 2 |
//! | `xen-size` | least memory and size of both | 2 |
//! | `xen-http` | requests/s of both, to a client outside | 4 |
//!
//! `direct`, `wire`, `kvm` and `xen` are all of theirs; `wire-sends=LOSS` is only the conditions with `LOSS` in their name,
//! with three times the rounds, and `direct-http=N` over N connections only. All but `xen`'s need root, for their network
//! namespaces.
//!
//! Nothing here judges; the bounds the project keeps to stand beside the figures in the README.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use anyhow::Context as _;
use mirage_bench::{
    Domains, Figures, Load, Project, Server, Sides, Tool, Way, direct_bulk, direct_close, direct_http, direct_poll,
    kvm_boot, kvm_http, kvm_size, table, timed, wire, wrk, xen_create, xen_http, xen_size,
};
use mirage_e2e::free_port;

/// Rounds of a bad wire for each of its conditions.
const ROUNDS: u64 = 5;

/// The same for a condition that is asked for by its name: what some do varies twofold from one to the next.
const ROUNDS_OF_ONE: u64 = 15;

/// What can be measured.
const PARTS: [&str; 14] = [
    "tool",
    "http",
    "direct-http",
    "direct-close",
    "direct-bulk",
    "direct-poll",
    "wire-sends",
    "wire-receives",
    "kvm-boot",
    "kvm-size",
    "kvm-http",
    "xen-create",
    "xen-size",
    "xen-http",
];

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is = |part: &str, wanted: &str| {
        let wanted = wanted.split('=').next().unwrap_or_default();
        part == wanted || part.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'))
    };
    if let Some(unknown) = wanted.iter().find(|wanted| !PARTS.iter().any(|part| is(part, wanted))) {
        anyhow::bail!("there is no part `{unknown}`: they are {}", PARTS.join(", "));
    }
    let tool = Tool::build()?;
    for part in PARTS {
        let asked = wanted.iter().find(|wanted| is(part, wanted));
        if !wanted.is_empty() && asked.is_none() {
            continue;
        }
        let only = asked.and_then(|asked| asked.split_once('=')).map_or("", |(_, only)| only);
        let rounds = if only.is_empty() { ROUNDS } else { ROUNDS_OF_ONE };
        let figures = match part {
            "tool" => pipeline(&tool)?,
            "http" => {
                let mut figures = vec![];
                for connections in [1, 10, 100, 1000] {
                    figures.extend(http(&tool, connections)?);
                }
                figures
            }
            "direct-http" => {
                let only =
                    (!only.is_empty()).then(|| only.parse().context("`direct-http=N`: N connections")).transpose()?;
                direct_http(&tool, only)?
            }
            "direct-close" => direct_close(&tool)?,
            "direct-bulk" => direct_bulk(&tool)?,
            "direct-poll" => direct_poll(&tool)?,
            "wire-sends" => wire(&tool, &[Way::Sends], only, rounds)?,
            "kvm-boot" => kvm_boot(&Sides::make(&tool)?)?,
            "kvm-size" => kvm_size(&Sides::make(&tool)?)?,
            "kvm-http" => kvm_http(&Sides::make(&tool)?)?,
            "xen-create" => xen_create(&Domains::make(&tool)?)?,
            "xen-size" => xen_size(&Domains::make(&tool)?)?,
            "xen-http" => xen_http(&Domains::make(&tool)?)?,
            _ => wire(&tool, &[Way::Receives], only, rounds)?,
        };
        println!("{}", table(&figures));
    }
    Ok(())
}

/// Times of `configure` and `build` on a new `hello` project, and the size of its image.
fn pipeline(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
    let help = Figures::new("`mirage --help`", "ms");
    let help = help.measure(21, || Ok(timed(tool.command().arg("--help"))? * 1e3))?;
    let hello = tool.project("hello")?;
    let configure = || hello.call(tool, "configure");
    let cold = Figures::new("`configure`, empty target folder", "s").measure(3, || {
        hello.make_cold()?;
        timed(configure().args(["-t", "unix"]))
    })?;
    let warm = Figures::new("`configure`, nothing changed", "s").measure(21, || timed(&mut configure()))?;
    let touched = Figures::new("`configure` after touching config.rs", "s").measure(5, || {
        touch(&hello, "config.rs")?;
        timed(&mut configure())
    })?;
    timed(&mut hello.call(tool, "build"))?;
    let build = Figures::new("`build` after touching unikernel.rs", "s").measure(5, || {
        touch(&hello, "unikernel.rs")?;
        timed(&mut hello.call(tool, "build"))
    })?;
    let again = Figures::new("`build`, nothing changed", "s").measure(5, || timed(&mut hello.call(tool, "build")))?;
    let size = Figures::new("stripped `hello` for unix", "kB")
        .measure(1, || Ok(fs::metadata(hello.image()).context("no image")?.len() as f64 / 1e3))?;
    Ok(vec![help, cold, warm, touched, build, again, size])
}

/// Changes a source file so that it has to be compiled again and means the same.
fn touch(project: &Project, file: &str) -> anyhow::Result<()> {
    let mut source = fs::OpenOptions::new().append(true).open(project.file(file))?;
    Ok(writeln!(source, "// Touched.")?)
}

/// Requests/s of the `http` template and of hyper, and what each takes of its processor for one, each alone on processor 0, turn by turn.
fn http(tool: &Tool, connections: u32) -> anyhow::Result<Vec<Figures>> {
    let project = tool.project("http")?;
    timed(project.call(tool, "build").args(["-t", "unix"]))?;
    let port = free_port();
    let mut mirage = Command::new(project.image());
    mirage.arg(format!("--http-port={port}")).arg("--listen=127.0.0.1");
    let (body, content_type) = {
        let _server = Server::start(&mirage, port)?;
        (curl(port, "%{stdout}")?, curl(port, "%{content_type}")?)
    };
    let mut hyper = Command::new(tool.beside("hyper-hello"));
    hyper.arg(port.to_string()).args([body, content_type]);

    let load = Load { connections, seconds: 2 };
    let what = |whose| format!("HTTP hello, {connections} connections: {whose}");
    let cost = |whose| format!("HTTP hello, {connections} connections: processor a request, {whose}");
    let side = |whose| (Figures::new(what(whose), "req/s"), Figures::new(cost(whose), "µs"));
    let (mut ours, mut theirs) = (side("mirage"), side("hyper"));
    for round in 0..16 {
        let mut sides = [(&mirage, &mut ours), (&hyper, &mut theirs)];
        // Whoever goes second finds another machine: each does so half of the time.
        if round % 2 == 1 {
            sides.reverse();
        }
        for (command, (rates, costs)) in sides {
            let server = Server::start(command, port)?;
            wrk(port, Load { seconds: 1, ..load })?;
            let before = server.used()?;
            let answered = wrk(port, load)?;
            rates.push(answered.rate);
            costs.push((server.used()? - before) / answered.requests * 1e6);
        }
    }
    let ratio = ours.0.ratio(&theirs.0, what("mirage / hyper"));
    let frugal = ours.1.ratio(&theirs.1, cost("mirage / hyper"));
    Ok(vec![ours.0, theirs.0, ratio, frugal])
}

/// The body (`%{stdout}`) or a property of the page at `/`.
fn curl(port: u16, what: &str) -> anyhow::Result<String> {
    let mut command = Command::new("curl");
    command.args(["-fsS", "--max-time", "10"]).arg(format!("http://127.0.0.1:{port}/"));
    if what != "%{stdout}" {
        command.args(["-o", "/dev/null", "-w", what]);
    }
    Ok(String::from_utf8(command.output().context("`curl` is needed: apt-get install curl")?.stdout)?)
}
