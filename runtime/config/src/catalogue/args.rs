//! The application's own runtime arguments.

use std::cell::Cell;
use std::panic::Location;

use mirage::Args;
use mirage::meta::Kind;

use crate::node::{Impl, Node, Origin};

/// The runtime arguments a job takes as a struct of its own; which struct follows from the job's parameter.
#[track_caller]
pub fn args<T: Args + Kind>() -> Impl<T> {
    Impl::new(Node {
        name: "args",
        kind: T::PATH,
        shared: true,
        doc: "Runtime arguments of the application",
        declared: Location::caller(),
        prefix: Cell::new(""),
        origin: Origin::Arguments(T::ARGUMENTS),
    })
}
