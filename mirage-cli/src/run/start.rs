//! From an image to its run, as whatever its target says it is.

use std::ffi::OsString;
use std::path::PathBuf;

use super::network::Subnet;
use super::steps::Steps;
use super::{machine, process, xen};
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
    /// The lab that a domain of Xen's runs in; else it is one of this machine's.
    pub lab: Option<xen::Lab>,
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
        Start::Domain => xen::run(plan, image, arguments, options, reporter),
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
        Start::Domain => xen::dry_run(plan, image, arguments, options, reporter),
    }
}

/// How images of this plan are started, if these options are for such.
fn start(plan: &Plan, options: &Options) -> Result<Start, Error> {
    let start = target::platform(&plan.target)?.start;
    if options.lab.is_some() && start != Start::Domain {
        let message = format!("`--lab` is for Xen, and `{}` is built for {}", plan.name, plan.target);
        return Err(Error::new(Exit::Usage, message).hint("with `-t xen` it is for that"));
    }
    match options.machine.given().filter(|_| start == Start::Process) {
        Some(option) => Err(Error::new(
            Exit::Usage,
            format!("`{option}` is for virtual machines, and `{}` for {} is a process", plan.name, plan.target),
        )
        .hint("with `-t kvm` it is one")),
        None => Ok(start),
    }
}
