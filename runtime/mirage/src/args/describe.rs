//! What an argument is called, takes and means.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::Args;
use crate::text::joined;

/// One argument of a unikernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name without the dashes: `http-port`.
    pub name: &'static str,
    /// What stands for its value in the usage: `PORT`; empty for a flag.
    pub value: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// The value when it is not given.
    pub default: Option<&'static str>,
    /// How often it may be given.
    pub shape: Shape,
}

/// How often an argument is given, and whether with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No value: it is there or it is not.
    Flag,
    /// Once, or not at all.
    One,
    /// Once, and it must be unless it has a default.
    Required,
    /// Any number of times.
    Many,
}

/// Arguments that belong together in the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whose they are: `knocking::Options`, `stack_socket1`.
    pub of: &'static str,
    /// What every name of the group begins with, so that a device can be there twice: `dmz` makes `--dmz-listen`.
    pub prefix: &'static str,
    /// The arguments.
    pub arguments: &'static [Argument],
}

impl Group {
    /// The arguments of `T`, said to be those `of` something: that is also what finds their values again.
    pub const fn new<T: Args>(of: &'static str) -> Self {
        Self { of, prefix: "", arguments: T::ARGUMENTS }
    }

    /// The same with `prefix` before every name.
    pub const fn prefixed(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// An argument's whole name: with the group's prefix.
    pub fn name(&self, argument: &Argument) -> String {
        match self.prefix {
            "" => argument.name.to_owned(),
            prefix => joined(&[prefix, "-", argument.name]),
        }
    }

    /// The whole names of all its arguments.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.arguments.iter().map(|argument| self.name(argument))
    }
}
