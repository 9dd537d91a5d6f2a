//! The plan: the graph with a target and a value for every key, every choice taken, every device named.
//!
//! Plain data; the generated files are a function of it.

mod check;
mod keys;
mod names;
mod resolve;

pub use keys::{settle, target};
pub use resolve::{Settings, resolve};

use serde::Serialize;

use crate::graph::{Argument, Location};

/// Everything the generated main.rs and Cargo.toml say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The unikernel's name.
    pub name: String,
    /// One line about it; may be empty.
    pub about: String,
    /// The target's name.
    pub target: String,
    /// The keys that matter on this path through the graph and those that do not, with their values.
    pub keys: Vec<Setting>,
    /// The devices, each after those it is applied to.
    pub devices: Vec<Device>,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// A key's value and who chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The key's name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Who chose it.
    pub source: Source,
    /// Whether a choice that is part of this plan asks for it.
    pub used: bool,
}

/// Who chose a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It is the default.
    Default,
    /// It is the default of this target.
    TargetDefault,
    /// An option of `mirage configure`.
    Option,
}

/// A device to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its index in the graph.
    pub id: usize,
    /// Its variable in main.rs: `stack_socket1`.
    pub variable: String,
    /// Its type alias in main.rs: `StackSocket1`.
    pub alias: String,
    /// What it provides: `Stack`.
    pub kind: String,
    /// The type, without what it is applied to: `mirage_unix::SocketStack`.
    pub path: String,
    /// How it is made.
    pub make: Make,
    /// Where it was declared.
    pub declared: Location,
}

/// How a device is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Make {
    /// `Alias::connect(…)`.
    Connect {
        /// Whether the platform is the first argument.
        platform: bool,
        /// The devices it is applied to, as indices into [`Plan::devices`].
        over: Vec<usize>,
        /// Its runtime arguments, the last argument.
        arguments: Option<crate::graph::Arguments>,
        /// Crates it needs besides those of its path.
        needs: Vec<String>,
    },
    /// Read from the command line.
    Arguments(Vec<Argument>),
}

/// A job to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its path as main.rs calls it.
    pub path: String,
    /// What it is given, as indices into [`Plan::devices`].
    pub devices: Vec<usize>,
    /// Where it was plumbed.
    pub declared: Location,
}
