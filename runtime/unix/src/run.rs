//! The loop, and how a process ends.

use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use mirage::Args as _;
use mirage::args::{ArgsError, Boot, Group, Request, Usage, Values};
use mirage::plumbing::{Failure, FailureKind};
use mirage_executor::{Executor, Timers};

use crate::Platform;
use crate::reactor::Reactor;
use crate::signals::Signals;
use crate::watch::Watch;

/// Turns taken before the outside world is looked at again.
const TURNS: usize = 1024;

/// Runs the unikernel `name`: reads the command line, connects the devices and runs the jobs, all by `start`.
///
/// Ends with 0 when the jobs are done or a signal asked for an end, with [`FailureKind::status`] otherwise.
pub fn run<F>(name: &'static str, groups: &'static [Group], start: impl FnOnce(Platform) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    run_words(name, groups, words, start)
}

/// As [`run`], with this command line instead of the process's.
pub fn run_words<F>(
    name: &'static str,
    groups: &'static [Group],
    words: impl IntoIterator<Item = String>,
    start: impl FnOnce(Platform) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    let started = Instant::now();
    let print_panic = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print_panic(panic);
        std::process::exit(101);
    }));
    let values = match command_line(groups, words) {
        Ok(Request::Run(values)) => values,
        Ok(Request::Help) => {
            print!("{}", Usage { name, groups });
            return ExitCode::SUCCESS;
        }
        Err(error) => return failed(name, FailureKind::Arguments, &error.to_string()),
    };
    match serve(started, values, start) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failed(name, failure.kind(), &failure.to_string()),
        Err(error) => failed(name, FailureKind::Device, &format!("the platform could not be started: {error}")),
    }
}

fn failed(name: &str, kind: FailureKind, reason: &str) -> ExitCode {
    eprintln!("{name}: error: {reason}");
    ExitCode::from(kind.status())
}

fn command_line(groups: &'static [Group], words: impl IntoIterator<Item = String>) -> Result<Request, ArgsError> {
    let request = Values::parse(groups, words)?;
    if let Request::Run(values) = &request {
        // Read once more where it is needed; here, so that it is refused before anything is connected.
        Boot::from_matches(values.group(Platform::BOOT)).map_err(|error| *error)?;
    }
    Ok(request)
}

/// Runs until the unikernel is done, has failed or is told to stop.
fn serve<F>(started: Instant, values: Values, start: impl FnOnce(Platform) -> F) -> std::io::Result<Result<(), Failure>>
where
    F: Future<Output = Result<(), Failure>> + 'static,
{
    let reactor = Reactor::new()?;
    let signals = Signals::new(&reactor)?;
    let (executor, timers) = (Executor::new(), Timers::default());
    let delay = Boot::from_matches(values.group(Platform::BOOT)).unwrap_or_default().delay;
    let platform = Platform::new(started, values, reactor.clone(), timers.clone(), &executor);
    let (unikernel, sleeper) = (start(platform.clone()), platform.clone());
    let mut done = pin!(executor.start(async move {
        if !delay.0.is_zero() {
            sleeper.sleep(delay.0).await;
        }
        unikernel.await
    }));
    let mut stop = pin!(executor.start(async move { signals.stop().await }));
    let mut context = Context::from_waker(Waker::noop());
    let mut watch = Watch::new(started);
    loop {
        let busy = executor.run_ready(TURNS);
        if let Poll::Ready(outcome) = done.as_mut().poll(&mut context) {
            return Ok(outcome);
        }
        if stop.as_mut().poll(&mut context).is_ready() {
            mirage::log::info!("stopping: a signal asks for it");
            return Ok(Ok(()));
        }
        timers.fire(watch.wait(&reactor, timers.next(), busy || platform.looks_on())?);
    }
}
