//! From an image to its process, with the network it wants set up before and taken down after.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use super::child::supervise;
use super::host::{Changes, Host, came_late, lacks_rights};
use super::interfaces::{Interface, given, wanted};
use super::setup::{Setup, setup};
use super::subnet::Subnet;
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::process;
use crate::report::Reporter;
use crate::target::{self, Start};

/// How often a name or a network is chosen anew when somebody else was faster.
const ATTEMPTS: usize = 8;

/// How an image is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The network namespace it runs in, instead of the one we are in.
    pub netns: Option<String>,
    /// The host's address on the first tap device.
    pub tap_address: Option<Subnet>,
    /// The file that what its interfaces see is recorded into.
    pub pcap: Option<PathBuf>,
}

/// Runs the image with these arguments; returns the status it ended with. Where there is nothing to undo it takes the
/// place of this process: signals reach it, and its status is the shell's.
///
/// # Errors
/// [`Exit::Unavailable`] if it cannot be started, or its network cannot be set up.
pub fn run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    reporter: &Reporter,
) -> Result<u8, Error> {
    let interfaces = interfaces(plan, arguments, options)?;
    if !changes_the_host(&interfaces, arguments, options) {
        let Setup { words, .. } = setup(&interfaces, arguments, options, &Host::default())?;
        let error = Command::new(&image.file).args(words).args(arguments).exec();
        return Err(Error::new(Exit::Unavailable, format!("`{}` cannot be started: {error}", image.file)));
    }
    process::check()?;
    process::outlive_interrupts();
    let mut attempt = 1;
    let (setup, _changes) = loop {
        let setup = setup(&interfaces, arguments, options, &Host::look(options.netns.as_deref())?)?;
        match Changes::make(&setup.steps, reporter) {
            Ok(changes) => break (setup, changes),
            Err(error) if came_late(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(error) if lacks_rights(&error) => return Err(rights(error, &setup, options)),
            Err(error) => return Err(error),
        }
    };
    for (name, ours, theirs) in &setup.made {
        let theirs = theirs.map(|theirs| format!("; the unikernel is {}", theirs.address)).unwrap_or_default();
        reporter.done("Made", &format!("tap device {name}, where this host is {ours}{theirs}"));
    }
    let words = command(image, arguments, options, &setup.words);
    let (program, rest) = words.split_first().ok_or_else(|| Error::bug("a command of no words"))?;
    supervise(Command::new(program).args(rest))
}

/// What [`run`] would do, a command a line.
///
/// # Errors
/// As there.
pub fn dry_run(plan: &Plan, image: &Image, arguments: &[OsString], options: &Options) -> Result<Steps, Error> {
    let interfaces = interfaces(plan, arguments, options)?;
    let changes = changes_the_host(&interfaces, arguments, options);
    let host = if changes { Host::look(options.netns.as_deref())? } else { Host::default() };
    let setup = setup(&interfaces, arguments, options, &host)?;
    let before = setup.steps.iter().map(|step| step.words.clone()).collect();
    let after = setup.steps.iter().rev().filter_map(|step| step.undo.clone()).collect();
    let words =
        if changes { command(image, arguments, options, &setup.words) } else { direct(image, arguments, &setup.words) };
    let command = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Ok(Steps { before, command, after })
}

/// What starting an image comes to, as commands in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// What makes the interfaces.
    before: Vec<Vec<String>>,
    /// The image.
    command: Vec<String>,
    /// What removes what was made.
    after: Vec<Vec<String>>,
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.before.iter().chain([&self.command]).chain(&self.after);
        all.into_iter().try_for_each(|words| writeln!(f, "{}", mirage::args::join(words)))
    }
}

/// The interfaces wanted; none if the image will not come to use them.
fn interfaces(plan: &Plan, arguments: &[OsString], options: &Options) -> Result<Vec<Interface>, Error> {
    let platform = target::find(&plan.target).and_then(|target| target.platform);
    let Some(Start::Process) = platform.map(|platform| platform.start) else {
        return Err(Error::bug(format!("an image for `{}`, which has no platform", plan.target)));
    };
    let interfaces = wanted(plan);
    let for_interfaces = [
        ("--netns", options.netns.is_some()),
        ("--tap-address", options.tap_address.is_some()),
        ("--pcap", options.pcap.is_some()),
    ];
    match for_interfaces.into_iter().find(|(_, given)| *given) {
        Some((option, _)) if interfaces.is_empty() => Err(Error::new(
            Exit::Usage,
            format!("`{option}` is for network interfaces, and `{}` has none as it is configured", plan.name),
        )
        .hint("with `generic_stack` in config.rs, `--net direct` gives it one")),
        _ if arguments.iter().any(|word| word == "--help") => Ok(vec![]),
        _ => Ok(interfaces),
    }
}

/// Whether something is to be made before the image starts, or it starts somewhere else.
fn changes_the_host(interfaces: &[Interface], arguments: &[OsString], options: &Options) -> bool {
    let made = |interface: &Interface| given(arguments, &interface.interface).is_none();
    !interfaces.is_empty() && (options.netns.is_some() || interfaces.iter().any(made))
}

/// The command that starts the image.
fn command(image: &Image, arguments: &[OsString], options: &Options, words: &[OsString]) -> Vec<OsString> {
    let namespace = options.netns.iter().flat_map(|name| ["ip", "netns", "exec", name]).map(OsString::from);
    namespace.chain(direct(image, arguments, words)).collect()
}

fn direct(image: &Image, arguments: &[OsString], words: &[OsString]) -> Vec<OsString> {
    [OsString::from(&image.file)].iter().chain(words).chain(arguments).cloned().collect()
}

/// What failed for want of rights, with the commands that give them.
fn rights(error: Error, setup: &Setup, options: &Options) -> Error {
    let called: Vec<OsString> = std::env::args_os().collect();
    let with_root = mirage::args::join(called.iter().map(|word| word.to_string_lossy()));
    let error = Error { message: format!("a tap device takes rights that are not there: {error}"), ..error };
    let error = error.hint(format!("as root: `sudo env \"PATH=$PATH\" {with_root}`"));
    if options.netns.is_some() {
        return error;
    }
    // With a device of one's own nobody needs to be root again.
    let steps = setup.steps.iter().map(|step| {
        let user: &[&str] = if step.undo.is_some() { &["user", "$USER"] } else { &[] };
        let words = step.words.iter().map(String::as_str).chain(user.iter().copied());
        format!("sudo {}", words.collect::<Vec<_>>().join(" "))
    });
    let steps = steps.collect::<Vec<_>>().join(" && ");
    let separator = if called.iter().any(|word| word == OsStr::new("--")) { "" } else { " --" };
    let words = mirage::args::join(setup.words.iter().map(|word| word.to_string_lossy()));
    let again = mirage::args::join(called.iter().map(|word| word.to_string_lossy()));
    error.hint(format!("or once: `{steps}`, and from then on: `{again}{separator} {words}`"))
}
