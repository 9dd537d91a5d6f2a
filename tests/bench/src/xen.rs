//! Images for xen beside the least Linux that does the same, both as PVH domains of one real Xen, emulated in QEMU, on one
//! bridge of its dom0. What creates them is asked by a client in dom0, requests from outside, through QEMU's network.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use mirage_e2e::xen::{Dom0, unpacked};
use mirage_e2e::{Project, free_port};

use crate::image::built_for;
use crate::kept::kept;
use crate::linux::{self, Linux, compile};
use crate::{Figures, Load, Tool};

/// How often each side is created for the time that takes.
const CREATIONS: usize = 11;
/// How often each side is pressed on, and for how many seconds.
const ROUNDS: usize = 6;
const SECONDS: u32 = 3;
/// What both have for all but the measurement of least memory, in mebibytes.
const MEMORY: u32 = 128;
/// How long a domain may take that has enough memory, in seconds.
const PATIENCE: u32 = 60;

/// Both sides, and what they run on.
pub struct Domains {
    dom0: Dom0,
    ours: Side,
    theirs: Side,
    sizes: [f64; 2],
    _project: Project,
}

/// What a domain is made of, as dom0 has it.
struct Side {
    whose: &'static str,
    address: &'static str,
    /// The port of this host that leads to its server.
    port: u16,
    /// A line of its configuration for each.
    config: String,
}

impl Domains {
    /// Builds ours, creates it once for what it answers, and makes a Linux that answers the same.
    pub fn make(tool: &Tool) -> anyhow::Result<Self> {
        let project = Project::new("http-domain", "http");
        let image = built_for(tool, &project, "xen", &[])?;
        let mut ours = Side { whose: "mirage", address: "10.0.2.15", port: free_port(), config: String::new() };
        let mut theirs = Side { whose: "Linux", address: "10.0.2.16", port: free_port(), config: String::new() };
        let ports = [&ours, &theirs].map(|side| (side.port, side.address, 80));
        let dom0 = Dom0::boot_for("domains", 2 * MEMORY + 32, &ports).context("there is no lab here")?;
        let folder = mirage_e2e::target().join("bench-linux");
        fs::create_dir_all(&folder)?;
        let client = folder.join("client");
        compile(&Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/client.c"), &client)?;
        dom0.put("/lab/client", &fs::read(client)?);
        dom0.run("chmod +x /lab/client");
        let line = format!("-- --ipv4={}/24 --ipv4-gateway=10.0.2.2", ours.address);
        ours.put(&dom0, "00:16:3e:00:00:01", &fs::read(&image)?, None, &line);
        leads_out(&dom0, false);
        ours.start(&dom0)?;
        let answer = dom0.run(&format!("/lab/client get {}", ours.address));
        ours.destroy(&dom0);
        let linux = Linux::make(&folder, linux::XEN, answer.as_bytes())?;
        // Unpacked, as dom0's own: else xl does it, emulated, each time.
        let kernel = unpacked(&fs::read(&linux.kernel)?).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let line = Linux::command_line("hvc0", &format!("ADDRESS={}", theirs.address));
        theirs.put(&dom0, "00:16:3e:00:00:02", &kernel, Some(&fs::read(&linux.system)?), &line);
        let sizes = [fs::metadata(&image)?.len() as f64, linux.size()?];
        Ok(Self { dom0, ours, theirs, sizes, _project: project })
    }

    fn sides(&self) -> [&Side; 2] {
        [&self.ours, &self.theirs]
    }
}

/// Whether the bridge leads to QEMU's network: not while somebody is asked who may not be there yet, for it would look for
/// that address outside.
fn leads_out(dom0: &Dom0, leads: bool) {
    dom0.run(&format!("ip link set eth0 {}", if leads { "up" } else { "down" }));
}

impl Side {
    /// Gives it to dom0, which knows its hardware address from then on.
    fn put(&mut self, dom0: &Dom0, mac: &str, kernel: &[u8], system: Option<&[u8]>, line: &str) {
        let Self { whose, address, .. } = *self;
        dom0.run(&format!("arp -s {address} {mac}"));
        dom0.put(&format!("/lab/images/{whose}"), kernel);
        self.config = format!(
            "name = \"{whose}\"\ntype = \"pvh\"\nkernel = \"/lab/images/{whose}\"\ncmdline = \"{line}\"\n\
             vif = [ \"mac={mac}\" ]\nvcpus = 1\ntsc_mode = \"native\"\non_crash = \"destroy\"\n"
        );
        if let Some(system) = system {
            dom0.put(&format!("/lab/images/{whose}.cpio"), system);
            self.config += &format!("ramdisk = \"/lab/images/{whose}.cpio\"\n");
        }
    }

    /// Creates the domain; the seconds from `xl create` to the first byte, none if none has come after `patience` of them.
    fn create(&self, dom0: &Dom0, memory: u32, patience: u32) -> anyhow::Result<Option<f64>> {
        let Self { whose, address, config, .. } = self;
        let file = format!("/lab/images/{whose}.xl");
        dom0.put(&file, format!("{config}memory = {memory}\n").as_bytes());
        let said = dom0.run(&format!("/lab/client first {address} {patience} xl create {file} 2>/run/lab/said; true"));
        match said.trim() {
            // With too little memory there is no domain at all.
            "none" | "" => Ok(None),
            seconds => Ok(Some(seconds.parse().with_context(|| said.clone())?)),
        }
    }

    /// The same with as much memory as it wants, which must serve.
    fn start(&self, dom0: &Dom0) -> anyhow::Result<f64> {
        let first = self.create(dom0, MEMORY, PATIENCE)?;
        first.with_context(|| {
            let said = dom0.run(&format!("cat /run/lab/said /var/log/xen/guest-{}.log", self.whose));
            format!("{} does not serve: {said}{}", self.whose, dom0.log())
        })
    }

    /// Ends it, and waits until nothing of it is left: its memory neither, which Xen clears when it has nothing else to do,
    /// and else while it creates the next domain.
    fn destroy(&self, dom0: &Dom0) {
        let left = format!("xl domid {} || ls -d /sys/class/net/vif*", self.whose);
        dom0.run(&format!("xl destroy {} 2>&1; while {{ {left}; }} 2>/dev/null; do usleep 20000; done", self.whose));
        dom0.run(
            "while xl dmesg -c > /run/lab/heap; xl debug-keys H; xl dmesg -c > /run/lab/heap; \
             grep unscrubbed /run/lab/heap; do usleep 100000; done",
        );
    }

    /// The least memory with which it serves, in MiB: more than `low`, which is too little, and at most `high`.
    fn least(&self, dom0: &Dom0, mut low: u32, mut high: u32, patience: u32) -> anyhow::Result<u32> {
        let serves = |memory| -> anyhow::Result<bool> {
            let first = self.create(dom0, memory, patience)?;
            self.destroy(dom0);
            Ok(first.is_some())
        };
        ensure!(serves(high)?, "{} does not serve with {high} MiB", self.whose);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if serves(middle)? { high = middle } else { low = middle }
        }
        Ok(high)
    }

    fn press(&self, connections: u32) -> anyhow::Result<f64> {
        kept(self.port, Load { connections, seconds: SECONDS })
    }
}

/// From `xl create` to the first byte of an answer.
pub fn xen_create(domains: &Domains) -> anyhow::Result<Vec<Figures>> {
    let named = |whose| format!("`xl create` to the first byte: {whose}");
    let mut figures = domains.sides().map(|side| Figures::new(named(side.whose), "s"));
    for _ in 0..CREATIONS {
        for (side, figures) in domains.sides().into_iter().zip(&mut figures) {
            figures.push(side.start(&domains.dom0)?);
            side.destroy(&domains.dom0);
        }
    }
    let [ours, theirs] = figures;
    let ratio = ours.of_medians(&theirs, named("mirage / Linux"));
    Ok(vec![ours, theirs, ratio])
}

/// Least memory, and sizes.
pub fn xen_size(domains: &Domains) -> anyhow::Result<Vec<Figures>> {
    let one = |what: &str, unit, value| Figures::new(what, unit).measure(1, || Ok(value));
    let dom0 = &domains.dom0;
    let ours = one("least memory of a domain: mirage", "MiB", domains.ours.least(dom0, 1, 8, 5)?.into())?;
    let linux = one("least memory of a domain: Linux", "MiB", domains.theirs.least(dom0, 48, MEMORY, 25)?.into())?;
    let memory = ours.of_medians(&linux, "least memory of a domain: mirage / Linux");
    let [image, whole] = domains.sizes;
    let image = one("image for xen: mirage", "kB", image / 1e3)?;
    let whole = one("image for xen: Linux, kernel and system", "kB", whole / 1e3)?;
    let ratio = image.of_medians(&whole, "image for xen: mirage / Linux");
    Ok(vec![ours, linux, memory, image, whole, ratio])
}

/// Requests/s over connections that are kept. Both domains are there all the time, and idle while the other one is pressed
/// on.
pub fn xen_http(domains: &Domains) -> anyhow::Result<Vec<Figures>> {
    for side in domains.sides() {
        side.start(&domains.dom0)?;
    }
    leads_out(&domains.dom0, true);
    let mut figures = vec![];
    for connections in [1, 10, 100] {
        let named = |whose| format!("HTTP in a domain, {connections} connections: {whose}");
        let mut both = domains.sides().map(|side| Figures::new(named(side.whose), "req/s"));
        for side in domains.sides() {
            side.press(connections)?;
        }
        for _ in 0..ROUNDS {
            for (side, figures) in domains.sides().into_iter().zip(&mut both) {
                figures.push(side.press(connections)?);
            }
        }
        let [ours, theirs] = both;
        let ratio = ours.of_medians(&theirs, named("mirage / Linux"));
        figures.extend([ours, theirs, ratio]);
    }
    Ok(figures)
}
