//! Starting an image.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::target::{self, Start};

/// Starts the image with these arguments, in place of this process: signals reach it, and its status is the shell's.
///
/// # Errors
/// Only if it cannot be started.
pub fn run(plan: &Plan, image: &Image, arguments: &[OsString]) -> Error {
    let platform = target::find(&plan.target).and_then(|target| target.platform);
    match platform.map(|platform| platform.start) {
        Some(Start::Process) => {
            let error = Command::new(&image.file).args(arguments).exec();
            Error::new(Exit::Unavailable, format!("`{}` cannot be started: {error}", image.file))
        }
        None => Error::bug(format!("an image for `{}`, which has no platform", plan.target)),
    }
}
