//! From an image to its process, with the network it wants set up before and taken down after.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::child::supervise;
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::process;
use crate::report::Reporter;
use crate::run::network::{Changes, Host, Interface, Setup, given, setup, wanted};
use crate::run::start::Options;
use crate::run::steps::Steps;

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
    let prepare = |host: &Host| setup(&interfaces, arguments, options, host);
    let (setup, _changes) = Changes::set_up(options.netns.as_deref(), prepare, |_| vec![], reporter)?;
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
    Ok(Steps { before, command, after, ..Steps::default() })
}

/// The interfaces wanted; none if the image will not come to use them.
fn interfaces(plan: &Plan, arguments: &[OsString], options: &Options) -> Result<Vec<Interface>, Error> {
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
    let made =
        |interface: &Interface| interface.interface.as_deref().is_none_or(|name| given(arguments, name).is_none());
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
