//! From an image to its domain, here or in the lab.

use std::convert::Infallible;
use std::ffi::OsString;
use std::str::FromStr;

use camino::Utf8PathBuf;

use super::{host, lab};
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::report::Reporter;
use crate::run::start::Options;
use crate::run::steps::Steps;

/// Which lab is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lab {
    /// The user's own, which is made if it is not there.
    #[default]
    Own,
    /// One that was made elsewhere.
    Folder(Utf8PathBuf),
}

impl FromStr for Lab {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text.is_empty() { Self::Own } else { Self::Folder(text.into()) })
    }
}

/// Runs the image in a domain; returns the image's status.
///
/// # Errors
/// [`Exit::Usage`] when options do not go together, [`Exit::Unavailable`] when the domain cannot be created or ends
/// without a status, [`Exit::Interrupted`] when it was destroyed by a second signal.
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
    match &options.lab {
        Some(lab) => lab::run(plan, image, arguments, options, lab, reporter),
        None => host::run(plan, image, arguments, options, reporter),
    }
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
    match &options.lab {
        Some(lab) => lab::dry_run(plan, image, arguments, options, lab, reporter),
        None => host::dry_run(plan, image, arguments, options, reporter),
    }
}
