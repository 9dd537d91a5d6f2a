//! What the generated main.rs is written with, and nothing an application needs.

mod failure;
mod together;

pub use failure::{Failure, FailureKind};
pub use together::both;

use core::fmt::Display;
use core::future::Future;

use crate::args::{Args, Matches};
use crate::meta::Outcome;
use crate::text::displayed;

/// A device that was connected; a failure names it and the line of config.rs that declared it.
///
/// # Errors
/// [`FailureKind::Device`].
pub fn device<T, E: Display>(
    name: &'static str,
    declared: &'static str,
    connected: Result<T, E>,
) -> Result<T, Failure> {
    connected.map_err(|error| failed(FailureKind::Device, name, declared, &error))
}

/// Apart from what fails, and for every error the same: it is in an image once.
#[cold]
#[inline(never)]
fn failed(kind: FailureKind, name: &'static str, declared: &'static str, error: &dyn Display) -> Failure {
    Failure::new(kind, name, declared, displayed(error))
}

/// Reads one set of arguments from the command line; `matches` has already been checked against all that there are.
///
/// # Errors
/// [`FailureKind::Arguments`].
pub fn arguments<T: Args>(declared: &'static str, matches: Matches<'_>) -> Result<T, Failure> {
    T::from_matches(matches).map_err(|error| failed(FailureKind::Arguments, T::PATH, declared, &error))
}

/// Runs a job; a failure names it and the line of config.rs that plumbed it.
///
/// # Errors
/// [`FailureKind::Job`].
pub async fn job<O: Outcome>(
    name: &'static str,
    declared: &'static str,
    run: impl Future<Output = O>,
) -> Result<(), Failure> {
    run.await.outcome().map_err(|error| failed(FailureKind::Job, name, declared, &error))
}
