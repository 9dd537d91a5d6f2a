//! An image on this machine's own Xen, by `xl` (xl(1)).

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

use super::ended::Ended;
use super::installed;
use super::prepare::prepare;
use crate::error::{Error, Exit};
use crate::files::replace;
use crate::image::{Image, xl};
use crate::plan::Plan;
use crate::process;
use crate::report::Reporter;
use crate::run::console::Console;
use crate::run::folder::Folder;
use crate::run::machine::{Asked, Ours, supervise};
use crate::run::start::Options;
use crate::run::steps::Steps;

/// What is missing for domains to be created here; none if nothing is.
pub fn missing() -> Option<&'static str> {
    let capabilities = fs::read_to_string("/proc/xen/capabilities").unwrap_or_default();
    match (capabilities.contains("control_d"), installed("xl")) {
        (false, _) => Some("this machine is not dom0 of a Xen"),
        (true, false) => Some("`xl` is not installed"),
        (true, true) => None,
    }
}

/// Runs the image in a domain of this machine's Xen; returns the image's status.
///
/// # Errors
/// [`Exit::Unavailable`] when there is no Xen, the domain cannot be created, or ends without a status;
/// [`Exit::Interrupted`] when it was destroyed by a second signal.
pub fn run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    reporter: &Reporter,
) -> Result<u8, Error> {
    let domain = domain(plan, image, arguments, options)?;
    if let Some(missing) = missing() {
        let file = |file: Option<&str>| file.unwrap_or_default().to_owned();
        let (kernel, config) = (file(image.file.file_name()), format!("{}.xl", plan.name));
        return Err(Error::new(Exit::Unavailable, format!("there is no Xen here to run it on: {missing}"))
            .hint("`--lab` boots it on a real Xen in QEMU, on any Linux")
            .hint(format!("on a Xen host, beside dist/{kernel} and dist/{config}: `xl create -c {config}`")));
    }
    process::check()?;
    process::outlive_interrupts();
    let folder = Folder::new()?;
    let file = folder.file(&format!("{}.xl", plan.name));
    replace(&file, domain.to_string().as_bytes())?;
    let command = command(file.as_str());
    reporter.detail(&format!("`{}`", mirage::args::join(&command)));
    let debug = image.debug.clone();
    let asked = Toolstack { name: domain.name, reporter: *reporter };
    let ended = supervise(&command, asked, move || Console::of_image(true, debug))?;
    Ended { said: ended.said, words: ended.words, by_us: ended.ours == Ours::Ended, log: String::new() }.status()
}

/// What [`run`] would do.
///
/// # Errors
/// As there.
pub fn dry_run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    reporter: &Reporter,
) -> Result<Steps, Error> {
    let domain = domain(plan, image, arguments, options)?;
    if let Some(missing) = missing() {
        reporter.note(&format!("{missing}: `--lab` boots one in QEMU"));
    }
    let name = format!("{}.xl", plan.name);
    Ok(Steps { command: command(&name), file: Some((name, domain.to_string())), ..Steps::default() })
}

fn domain(plan: &Plan, image: &Image, arguments: &[OsString], options: &Options) -> Result<xl::Domain, Error> {
    let prepared = prepare(plan, image, arguments, options)?;
    let usual = xl::Domain::of(plan, image.file.as_str());
    Ok(xl::Domain { memory: prepared.memory, arguments: prepared.arguments, says_status: true, ..usual })
}

/// The command that creates a domain, shows its console, and stays until its end.
fn command(file: &str) -> Vec<String> {
    ["xl", "create", "-F", "-c", file].map(str::to_owned).to_vec()
}

/// What tells a domain to stop.
struct Toolstack {
    name: String,
    reporter: Reporter,
}

impl Toolstack {
    fn tell(&self, word: &str) {
        let mut command = Command::new("xl");
        command.args([word, &self.name]).stdin(Stdio::null());
        let said = match command.output() {
            Ok(output) if output.status.success() => return,
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
            Err(error) => error.to_string(),
        };
        self.reporter.warn(&format!("`xl {word}` failed: {said}"));
    }
}

impl Asked for Toolstack {
    fn stop(&self) {
        self.tell("shutdown");
    }

    fn end(&self) -> bool {
        // xl, which waits for it, ends by itself then.
        self.tell("destroy");
        true
    }
}
