//! From an image to its machine, with the network it wants set up before and taken down after.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use camino::Utf8Path;
use object::Object as _;

use super::control::Control;
use super::guest::Guest;
use super::monitor::Monitor;
use super::options::Attachment;
use super::prepare::{Prepared, prepare};
use super::supervise::supervise;
use super::{cloud_hypervisor, firecracker, qemu};
use crate::error::{Error, Exit};
use crate::files::replace;
use crate::image::Image;
use crate::plan::Plan;
use crate::process;
use crate::report::Reporter;
use crate::run::console::Console;
use crate::run::folder::Folder;
use crate::run::network::{Changes, Host};
use crate::run::start::Options;
use crate::run::steps::Steps;

/// What the file that Firecracker reads is called.
const FILE: &str = "firecracker.json";

/// Runs the image in a machine; returns the image's status.
///
/// # Errors
/// [`Exit::Usage`] when options do not go together, [`Exit::Unavailable`] when the machine cannot be started or ends
/// without a status, [`Exit::Interrupted`] when it was ended by a second signal.
pub fn run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    reporter: &Reporter,
) -> Result<u8, Error> {
    if !image.file.is_file() {
        return Err(Error::new(Exit::Unavailable, format!("the image `{}` is not there", image.file))
            .hint("`mirage build` makes it"));
    }
    let prepared = prepare(plan, arguments, options)?;
    options.machine.publish.iter().try_for_each(|publish| publish.check())?;
    options.machine.gdb.map_or(Ok(()), is_free)?;
    process::check()?;
    process::outlive_interrupts();
    let namespace = options.netns.as_deref();
    let make = |host: &Host| prepared.setup(arguments, options, host);
    let own = |setup: &crate::run::network::Setup| {
        let names: Vec<&str> = setup.made.iter().map(|(name, ..)| name.as_str()).collect();
        vec![OsString::from("--network"), format!("tap:{}", names.join(",")).into()]
    };
    let (setup, _changes) = match prepared.makes_taps() {
        true => Changes::set_up(namespace, make, own, reporter).map(|(setup, changes)| (setup, Some(changes)))?,
        false => (make(&Host::default())?, None),
    };
    let guest = prepared.guest(image, arguments, options, &setup)?;
    announce(&prepared, &guest, image, options, reporter);
    let folder = Folder::new()?;
    let command = match prepared.monitor {
        Monitor::Qemu => qemu::command(&guest, Some(&folder.socket())),
        Monitor::CloudHypervisor => cloud_hypervisor::command(&guest, Some(&folder.socket())),
        Monitor::Firecracker => {
            let (file, log) = (folder.file(FILE), folder.file("log"));
            // It opens its log, and does not make it.
            replace(&log, b"")?;
            replace(&file, firecracker::config(&guest)?.to_string().as_bytes())?;
            firecracker::command(&file, Some(firecracker::Ours { control: &folder.socket(), log: &log }))
        }
    };
    let command = within(namespace, command);
    reporter.detail(&format!("`{}`", mirage::args::join(&command)));
    let warner = *reporter;
    let control = Control::new(prepared.monitor, folder, move |what| warner.warn(what));
    let (tells_status, debug) = (prepared.monitor != Monitor::Qemu, image.debug.clone());
    let ended = supervise(&command, control, move || Console::of_image(tells_status, debug))?;
    ended.status(prepared.monitor)
}

/// What [`run`] would do: the exact command, but for the socket by which a monitor is told to stop.
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
    let prepared = prepare(plan, arguments, options)?;
    let namespace = options.netns.as_deref();
    let host = if prepared.makes_taps() { Host::look(namespace)? } else { Host::default() };
    let setup = prepared.setup(arguments, options, &host)?;
    let guest = prepared.guest(image, arguments, options, &setup)?;
    if let Some(word) = &prepared.word {
        reporter.note(word);
    }
    let (file, command) = match prepared.monitor {
        Monitor::Qemu => (None, qemu::command(&guest, None)),
        Monitor::CloudHypervisor => (None, cloud_hypervisor::command(&guest, None)),
        Monitor::Firecracker => {
            let config = firecracker::config(&guest)?;
            let text = serde_json::to_string_pretty(&config).map_err(|error| Error::bug(error.to_string()))?;
            (Some((FILE.to_owned(), text)), firecracker::command(Utf8Path::new(FILE), None))
        }
    };
    let before = setup.steps.iter().map(|step| step.words.clone()).collect();
    let after = setup.steps.iter().rev().filter_map(|step| step.undo.clone()).collect();
    Ok(Steps { before, file, command: within(namespace, command), after })
}

/// The command as it is run in a network namespace.
fn within(namespace: Option<&str>, command: Vec<String>) -> Vec<String> {
    let enter = namespace.into_iter().flat_map(|name| ["ip", "netns", "exec", name]).map(str::to_owned);
    enter.chain(command).collect()
}

/// Says what is not to be seen in what was asked for.
fn announce(prepared: &Prepared, guest: &Guest, image: &Image, options: &Options, reporter: &Reporter) {
    if let Some(word) = &prepared.word {
        reporter.note(word);
    }
    if prepared.attachment == Attachment::User {
        for publish in &options.machine.publish {
            let (host, guest, more) = (publish.host, publish.guest, publish.more);
            let what = match more {
                0 => format!("{host} is the unikernel's port {guest}"),
                _ => format!("{host} and the {more} after it are the unikernel's ports {guest} to {}", guest + more),
            };
            reporter.done("Published", &what);
        }
    }
    if let Some(port) = guest.gdb {
        reporter.done("Waiting", &format!("for gdb: {}", mirage::args::join(gdb(image, port))));
        reporter
            .note("it stops at the image's first instruction: `break`, then `continue`; Ctrl-C here ends the machine");
    }
}

/// The command of gdb's that goes to an image's first instruction. The machine waits at its own, before firmware has put
/// the image where it belongs: so far a breakpoint of the processor's is the only one that holds.
fn gdb(image: &Image, port: u16) -> Vec<String> {
    let mut words = vec!["gdb".to_owned(), image.debug.to_string()];
    let mut commands = vec![format!("target remote 127.0.0.1:{port}")];
    let bytes = fs::read(&image.file).unwrap_or_default();
    if let Ok(file) = object::File::parse(&*bytes) {
        commands.extend([format!("hbreak *{:#x}", file.entry()), "continue".to_owned()]);
    }
    words.extend(commands.into_iter().flat_map(|command| ["-ex".to_owned(), command]));
    words
}

/// Sees that nobody listens on a port yet.
fn is_free(port: u16) -> Result<(), Error> {
    let bound = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    bound.map(drop).map_err(|error| {
        Error::new(Exit::Unavailable, format!("`--gdb={port}`: port {port} of 127.0.0.1 cannot be had: {error}"))
            .hint("choose another one: `--gdb=PORT`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_is_not_there() {
        let plan = Plan {
            name: "gone".to_owned(),
            about: String::new(),
            target: "kvm".to_owned(),
            keys: vec![],
            devices: vec![],
            jobs: vec![],
        };
        let image = Image {
            file: "/nowhere/dist/gone.kvm".into(),
            debug: "/nowhere/dist/gone.debug".into(),
            manifest: "/nowhere/dist/gone.json".into(),
            config: None,
        };
        let error = run(&plan, &image, &[], &Options::default(), &Reporter::silent()).expect_err("it is gone");
        assert_eq!(error.exit, Exit::Unavailable);
        assert_eq!(error.message, "the image `/nowhere/dist/gone.kvm` is not there");
        assert_eq!(error.hints, ["`mirage build` makes it"]);
    }
}
