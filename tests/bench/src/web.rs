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

/// Requests a second answered by `127.0.0.1:port`; any failed request is an error.
pub fn wrk(port: u16, load: Load) -> anyhow::Result<f64> {
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "wrk", "-t1"]);
    command.arg(format!("-c{}", load.connections)).arg(format!("-d{}s", load.seconds));
    command.arg(format!("http://127.0.0.1:{port}/"));
    let output = command.output().context("`wrk` and `taskset` are needed: apt-get install wrk util-linux")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{command:?} failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "not every request was answered:\n{text}");
    let rate =
        text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")).context("wrk printed no rate")?;
    Ok(rate.trim().parse()?)
}
