//! The loop, and how a machine ends.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt::{self, Write as _};
use core::pin::Pin;

use mirage::Args as _;
use mirage::args::{ArgsError, Boot, Group, Request, Usage, Values, words};
use mirage::plumbing::{Failure, FailureKind};
use mirage_executor::Timers;

use crate::fault::{self, Words, exit, quiet_exit_by_console};
use crate::interrupt::raise;
use crate::platform::{End, Machine, STOP};
use crate::{Executor, Platform};

/// Turns taken before the outside world is looked at again.
const TURNS: usize = 256;

/// What stands between the machine's own words and the unikernel's.
const ARGUMENTS: &str = "--";
/// What words of the machine's begin with, wherever they stand: some monitors add them at the end.
const MACHINE: &[&str] = &["virtio_mmio.device=", "pci="];
/// Before the arguments: the status is to be said on the console.
const EXIT_BY_CONSOLE: &str = "mirage.exit=console";

/// A unikernel to be started, whatever its type is: so that all that follows is there once, and not made anew, and in the
/// way of what is fast, in every image.
type Start = Box<dyn FnOnce(Platform) -> Pin<Box<dyn Future<Output = Result<(), Failure>>>>>;

/// Runs the unikernel `name` on a machine with this command line: connects the devices and runs the jobs, all by
/// `start`. Ends the machine, with 0 when the jobs are done or an end was asked for, else with [`FailureKind::status`].
pub fn run<F>(
    machine: &'static dyn Machine,
    line: Option<&str>,
    name: &'static str,
    groups: &'static [Group],
    start: impl FnOnce(Platform) -> F + 'static,
) -> !
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    go(machine, line, name, groups, Box::new(|platform| Box::pin(start(platform))))
}

fn go(
    machine: &'static dyn Machine,
    line: Option<&str>,
    name: &'static str,
    groups: &'static [Group],
    start: Start,
) -> ! {
    let Some(line) = line else {
        failed(name, FailureKind::Arguments, &"the command line is longer than 4,095 bytes, or not UTF-8")
    };
    let ended = command_line(line).and_then(|given| {
        if given.exit_by_console {
            quiet_exit_by_console();
        }
        match Values::parse(groups, given.arguments)? {
            Request::Run(values) => serve(name, machine, values, start),
            Request::Help => {
                _ = write!(Words, "{}", Usage { name, groups });
                Ok(Ok(End::Off))
            }
        }
    });
    match ended {
        Ok(Ok(end)) => fault::end(0, end),
        Ok(Err(failure)) => failed(name, failure.kind(), &failure),
        Err(error) => failed(name, FailureKind::Arguments, &error),
    }
}

pub fn failed(name: &str, kind: FailureKind, reason: &dyn fmt::Display) -> ! {
    _ = writeln!(Words, "{name}: error: {reason}");
    exit(kind.status())
}

/// Runs until the unikernel is done, has failed or is told to stop.
fn serve(
    name: &'static str,
    machine: &'static dyn Machine,
    values: Values,
    start: Start,
) -> Result<Result<End, Failure>, ArgsError> {
    let (executor, timers) = (Executor::new(), Timers::default());
    let boot = Boot::from_matches(values.group(Platform::BOOT)).map_err(|error| *error)?;
    let delay = boot.delay;
    let platform = Platform::new(name, machine, values, boot, timers.clone());
    let asked = platform.clone();
    let (unikernel, sleeper) = (start(platform.clone()), platform);
    let outcome = Rc::new(Cell::new(None));
    let told = Rc::clone(&outcome);
    executor.start(async move {
        if !delay.0.is_zero() {
            sleeper.sleep(delay.0).await;
        }
        told.set(Some(unikernel.await));
    });
    loop {
        let busy = executor.run_ready(TURNS);
        let (outcome, ending, next) = (outcome.take(), asked.ending(), timers.next());
        let over = outcome.is_some() || ending.is_some();
        let came = machine.wait(if busy || over { Some(mirage::time::Instant::START) } else { next });
        // Not before, for with the wait goes what was still to be told to devices.
        if let Some(outcome) = outcome {
            return Ok(outcome.map(|()| End::Off));
        }
        if came & STOP != 0 || ending.is_some() {
            mirage::log::info!("stopping: the machine is asked to");
            return Ok(Ok(ending.unwrap_or_default()));
        }
        raise(came);
        if next.is_some() {
            timers.fire(machine.now());
        }
    }
}

/// What a kernel command line says.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    arguments: Vec<String>,
    exit_by_console: bool,
}

/// What stands behind `--` is for the unikernel; all of it where there is none. What is the machine's is left out.
fn command_line(line: &str) -> Result<Given, ArgsError> {
    let mut given = Given { arguments: Vec::new(), exit_by_console: false };
    let mut divided = false;
    for word in words(line)? {
        if MACHINE.iter().any(|machine| word.starts_with(machine)) {
            continue;
        }
        if !divided && word == ARGUMENTS {
            divided = true;
            given.exit_by_console = given.arguments.iter().any(|word| word == EXIT_BY_CONSOLE);
            given.arguments.clear();
        } else {
            given.arguments.push(word);
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> (Vec<String>, bool) {
        let Given { arguments, exit_by_console } = command_line(line).expect("its quotes are closed");
        (arguments, exit_by_console)
    }

    #[test]
    fn the_machines_words_are_not_the_unikernels() {
        let line = r#"mirage.exit=console pci=off -- --name "two words" virtio_mmio.device=512@0xfeb00e00:12"#;
        assert_eq!(given(line), (["--name", "two words"].map(String::from).to_vec(), true));
        let line = "mirage.exit=console -- pci=off virtio_mmio.device=4K@0xc0001000:5";
        assert_eq!(given(line), (Vec::new(), true), "as Firecracker makes it of one that ends in `--`");
        assert_eq!(given("--port 80"), (["--port", "80"].map(String::from).to_vec(), false));
        assert_eq!(given(""), (Vec::new(), false));
        assert_eq!(given("-- -- a"), (["--", "a"].map(String::from).to_vec(), false));
    }

    #[test]
    fn a_quote_that_is_open_is_an_error() {
        assert_eq!(command_line("-- 'a"), Err(ArgsError::OpenQuote('\'')));
    }
}
