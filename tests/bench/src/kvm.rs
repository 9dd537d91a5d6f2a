//! Images for kvm beside the least Linux that does the same, both on the same machine of QEMU's, emulated: a microvm, which
//! boots a unikernel by PVH and Linux by its 32-bit entry, with the same firmware before either.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use mirage_e2e::{Outcome, Project, Space};

use crate::guest::{Guest, prepare, queue};
use crate::image::built_for;
use crate::linux::{self, Linux, khz};
use crate::{Figures, Load, Tool, pressed};

/// How often each side boots for the time that takes.
const BOOTS: usize = 11;
/// How often each side is pressed on.
const ROUNDS: usize = 10;
/// What both have for all but the measurement of least memory: neither is slower with so much.
const MEMORY: &str = "128M";

/// Both sides.
pub struct Sides {
    space: Space,
    ours: Guest,
    theirs: Guest,
    linux: Linux,
    knocking: PathBuf,
    _projects: [Project; 2],
}

impl Sides {
    /// Builds ours, boots it once for what it answers, and makes a Linux that answers the same.
    pub fn make(tool: &Tool) -> anyhow::Result<Self> {
        let space = Space::new("images for kvm").context("no tap can be made here")?;
        prepare(&space);
        let http = Project::new("http-machine", "http");
        let image = built_for(tool, &http, "kvm", &[])?;
        let knocking = Project::new("knocking-machine", "knocking");
        let knocking_image = built_for(tool, &knocking, "kvm", &[])?;
        let command_line = "-- --ipv4 10.0.0.2/24".to_owned();
        let ours = Guest { whose: "mirage", kernel: image, system: None, command_line };
        let answer = {
            let _running = ours.start(&space, MEMORY, false)?;
            let mut curl = space.run("curl");
            Outcome::of(curl.args(["-sSi", "--max-time", "10", "http://10.0.0.2/"])).ends_with(0).out
        };
        let folder = mirage_e2e::target().join("bench-linux");
        let linux = Linux::make(&folder, linux::VIRTIO, answer.as_bytes())?;
        let (kernel, system) = (linux.kernel.clone(), Some(linux.system.clone()));
        // A microvm has nothing by which it could measure the processor's frequency.
        let command_line = Linux::command_line("ttyS0", &format!("tsc_early_khz={} ADDRESS=10.0.0.2", khz()?));
        let theirs = Guest { whose: "Linux", kernel, system, command_line };
        Ok(Self { space, ours, theirs, linux, knocking: knocking_image, _projects: [http, knocking] })
    }
}

/// From QEMU's start to the first byte of an answer.
pub fn kvm_boot(sides: &Sides) -> anyhow::Result<Vec<Figures>> {
    queue(&sides.space, 8);
    let named = |whose| format!("QEMU's start to the first byte: {whose}");
    let mut figures = [&sides.ours, &sides.theirs].map(|side| Figures::new(named(side.whose), "ms"));
    for _ in 0..BOOTS {
        for (side, figures) in [&sides.ours, &sides.theirs].into_iter().zip(&mut figures) {
            figures.push(side.start(&sides.space, MEMORY, false)?.first_byte * 1e3);
        }
    }
    let [ours, theirs] = figures;
    let ratio = ours.of_medians(&theirs, named("mirage / Linux"));
    Ok(vec![ours, theirs, ratio])
}

/// Least memory, and sizes.
pub fn kvm_size(sides: &Sides) -> anyhow::Result<Vec<Figures>> {
    queue(&sides.space, 8);
    let one = |what: &str, unit, value| Figures::new(what, unit).measure(1, || Ok(value));
    let small = Duration::from_secs(1);
    let least = |guest: &Guest| guest.least(&sides.space, (1024, 16 * 1024), 64, small);
    let ours = one("least memory that serves: mirage", "MiB", f64::from(least(&sides.ours)?) / 1024.0)?;
    let knocking = Guest {
        whose: "knocking",
        kernel: sides.knocking.clone(),
        system: None,
        command_line: sides.ours.command_line.clone(),
    };
    let knocking = one("least memory that serves: knocking", "MiB", f64::from(least(&knocking)?) / 1024.0)?;
    let linux = sides.theirs.least(&sides.space, (24 << 10, 128 << 10), 1024, Duration::from_secs(4))?;
    let linux = one("least memory that serves: Linux", "MiB", f64::from(linux) / 1024.0)?;
    let memory = ours.of_medians(&linux, "least memory that serves: mirage / Linux");
    let size = |path: &Path| -> anyhow::Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / 1e3) };
    let image = one("image: mirage", "kB", size(&sides.ours.kernel)?)?;
    let knocking_image = one("image: knocking", "kB", size(&sides.knocking)?)?;
    let whole = one("image: Linux, kernel and system", "kB", sides.linux.size()? / 1e3)?;
    let ratio = image.of_medians(&whole, "image: mirage / Linux");
    Ok(vec![ours, knocking, linux, memory, image, knocking_image, whole, ratio])
}

/// Requests/s over connections that are kept, QEMU alone on processor 0 and `wrk` on processor 1.
pub fn kvm_http(sides: &Sides) -> anyhow::Result<Vec<Figures>> {
    let mut figures = vec![];
    for connections in [1, 10, 100] {
        let named = |whose| format!("HTTP on a microvm, {connections} connections: {whose}");
        let mut both = [&sides.ours, &sides.theirs].map(|side| Figures::new(named(side.whose), "req/s"));
        // Booting Linux takes as long as pressing on it: each side boots twice.
        for _ in 0..2 {
            for (side, figures) in [&sides.ours, &sides.theirs].into_iter().zip(&mut both) {
                queue(&sides.space, 8);
                let _running = side.start(&sides.space, MEMORY, true)?;
                queue(&sides.space, 1000);
                let press = || -> anyhow::Result<f64> {
                    let wrk: Command = sides.space.run("taskset");
                    Ok(pressed(wrk, "http://10.0.0.2/", Load { connections, seconds: 1 }, &[])?.rate)
                };
                press()?;
                for _ in 0..ROUNDS / 2 {
                    figures.push(press()?);
                }
            }
        }
        let [ours, theirs] = both;
        let ratio = ours.of_medians(&theirs, named("mirage / Linux"));
        figures.extend([ours, theirs, ratio]);
    }
    Ok(figures)
}
