//! Jobs: what runs once the devices are connected.

use std::panic::Location;

use mirage::meta::{self, JobInfo, Kind};

use crate::node::{Handle, Impl};

/// A job and the devices it is given; made by `job!`.
#[derive(Clone)]
pub struct Job {
    pub(crate) path: &'static str,
    pub(crate) info: JobInfo,
    pub(crate) handles: Vec<Handle>,
    pub(crate) declared: &'static Location<'static>,
}

impl Job {
    /// What `job!` expands to, once the handles have been checked.
    #[doc(hidden)]
    #[track_caller]
    pub fn new<J: meta::Job>(path: &'static str, handles: &[Handle]) -> Self {
        Self { path, info: J::INFO, handles: handles.to_vec(), declared: Location::caller() }
    }
}

/// Stands for a device of the handle's kind while rustc checks a job's plumbing; never called.
#[doc(hidden)]
pub fn check<K: Kind>(_: Impl<K>) -> K {
    unreachable!("`job!` checks in a closure that is never run")
}
