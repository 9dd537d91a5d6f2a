//! From an image to its run, as whatever its target says it is.

use std::ffi::OsString;
use std::path::PathBuf;

use super::network::Subnet;
use super::steps::Steps;
use super::{machine, process};
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::report::Reporter;
use crate::target::{self, Start};

/// How an image is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The network namespace it runs in, instead of the one we are in.
    pub netns: Option<String>,
    /// The host's address on the first tap device.
    pub tap_address: Option<Subnet>,
    /// The file that what its interfaces see is recorded into.
    pub pcap: Option<PathBuf>,
    /// What is for virtual machines only.
    pub machine: machine::Options,
}

/// Runs the image with these arguments; returns the status it ended with.
///
/// # Errors
/// [`Exit::Usage`] when the options do not go together, [`Exit::Unavailable`] if it cannot be started, or its network
/// cannot be set up, [`Exit::Interrupted`] if it was ended before it had stopped.
pub fn run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    reporter: &Reporter,
) -> Result<u8, Error> {
    match start(plan, options)? {
        Start::Process => process::run(plan, image, arguments, options, reporter),
        Start::Machine => machine::run(plan, image, arguments, options, reporter),
        Start::Domain => Err(no_domains(plan)),
    }
}

/// What [`run`] would do, a command a line.
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
    match start(plan, options)? {
        Start::Process => process::dry_run(plan, image, arguments, options),
        Start::Machine => machine::dry_run(plan, image, arguments, options, reporter),
        Start::Domain => Err(no_domains(plan)),
    }
}

fn no_domains(plan: &Plan) -> Error {
    Error::new(
        Exit::Unavailable,
        format!("domains are not started from here: `xl create dist/{}.xl` does it", plan.name),
    )
}

/// How images of this plan are started, if these options are for such.
fn start(plan: &Plan, options: &Options) -> Result<Start, Error> {
    let start = target::platform(&plan.target)?.start;
    match options.machine.given().filter(|_| start == Start::Process) {
        Some(option) => Err(Error::new(
            Exit::Usage,
            format!("`{option}` is for virtual machines, and `{}` for {} is a process", plan.name, plan.target),
        )
        .hint("with `-t kvm` it is one")),
        None => Ok(start),
    }
}
