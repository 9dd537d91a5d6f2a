//! HTTP load, made by `wrk` on loopback.

use std::process::Command;

use anyhow::{Context as _, ensure};

/// How hard `wrk` presses, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Keep-alive connections, all at once.
    pub connections: u32,
    /// Seconds of pressing.
    pub seconds: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// All requests that were answered.
    pub requests: f64,
    /// Of them, in a second.
    pub rate: f64,
}

/// Presses on `127.0.0.1:port`; any failed request is an error.
pub fn wrk(port: u16, load: Load) -> anyhow::Result<Answered> {
    pressed(Command::new("taskset"), &format!("http://127.0.0.1:{port}/"), load, &[])
}

/// Presses on an address by `taskset`, wherever that runs, with more options for `wrk`.
pub fn pressed(mut taskset: Command, address: &str, load: Load, more: &[&str]) -> anyhow::Result<Answered> {
    taskset.args(["-c", "1", "wrk", "-t1", "--timeout", "20s"]);
    taskset.arg(format!("-c{}", load.connections)).arg(format!("-d{}s", load.seconds)).args(more).arg(address);
    let output = taskset.output().context("`wrk` and `taskset` are needed: apt-get install wrk util-linux")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{taskset:?} failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "not every request was answered:\n{text}");
    let mut lines = text.lines().map(str::trim);
    let requests = lines.find_map(|line| line.split_once(" requests in ")).context("wrk printed no requests")?.0;
    let rate = lines.find_map(|line| line.strip_prefix("Requests/sec:")).context("wrk printed no rate")?;
    Ok(Answered { requests: requests.parse()?, rate: rate.trim().parse()? })
}
