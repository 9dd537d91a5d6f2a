//! What the generated main.rs is written with, and nothing an application needs.

mod failure;
mod together;

pub use failure::{Failure, FailureKind};
pub use together::both;

use alloc::string::ToString;
use core::fmt::Display;
use core::future::Future;

use crate::args::{Args, Matches};
use crate::meta::Outcome;

/// Connects a device; a failure names it and the line of config.rs that declared it.
///
/// # Errors
/// [`FailureKind::Device`].
pub async fn device<T, E: Display>(
    name: &'static str,
    declared: &'static str,
    connect: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    connect.await.map_err(|error| Failure::new(FailureKind::Device, name, declared, error.to_string()))
}

/// Reads one set of arguments from the command line; `matches` has already been checked against all that there are.
///
/// # Errors
/// [`FailureKind::Arguments`].
pub fn arguments<T: Args>(declared: &'static str, matches: Matches<'_>) -> Result<T, Failure> {
    T::from_matches(matches).map_err(|error| Failure::new(FailureKind::Arguments, T::PATH, declared, error.to_string()))
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
    run.await.outcome().map_err(|error| Failure::new(FailureKind::Job, name, declared, error.to_string()))
}
