//! `cargo run --release -p mirage-bench [tool] [http] [direct]`: measures what the README states, all of it or these
//! parts, and prints it as a table. `direct` needs root, for its network namespaces.
//!
//! Nothing here judges; the bounds the project keeps to stand beside the figures in the README.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use anyhow::Context as _;
use mirage_bench::{Figures, Load, Project, Server, Tool, direct, free_port, table, timed, wrk};

fn main() -> anyhow::Result<()> {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = parts.iter().find(|part| !["tool", "http", "direct"].contains(&part.as_str())) {
        anyhow::bail!("there is no part `{unknown}`: they are `tool`, `http` and `direct`");
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let tool = Tool::build()?;
    let mut figures = vec![];
    if wanted("tool") {
        let help = Figures::new("`mirage --help`", "ms");
        figures.push(help.measure(21, || Ok(timed(tool.command().arg("--help"))? * 1e3))?);
        figures.extend(pipeline(&tool)?);
    }
    if wanted("http") {
        for connections in [1, 10, 100, 1000] {
            figures.extend(http(&tool, connections)?);
        }
    }
    if wanted("direct") {
        figures.extend(direct(&tool)?);
    }
    println!("{}", table(&figures));
    Ok(())
}

/// Times of `configure` and `build` on a new `hello` project, and the size of its image.
fn pipeline(tool: &Tool) -> anyhow::Result<Vec<Figures>> {
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
    Ok(vec![cold, warm, touched, build, again, size])
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
    let port = free_port()?;
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
