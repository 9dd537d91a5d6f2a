//! The graph config.rs describes: every device, key and job, both branches of every choice, no target chosen yet.
//!
//! Plain data, as `mirage-config` writes it (`runtime/config/src/json.rs`) and as `mirage/graph.json` keeps it.

mod read;

pub use read::{ReadError, read};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The schema this tool reads; `mirage-config` writes the one it was built with.
pub const SCHEMA: u32 = 1;

/// A whole unikernel as config.rs describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The unikernel's name: its image is called so.
    pub name: String,
    /// One line about it; may be empty.
    pub about: String,
    /// The `unikernel(…)` line.
    pub declared: Location,
    /// The configure keys, in the order config.rs came upon them.
    pub keys: Vec<Key>,
    /// The devices; a device's id is its index here.
    pub devices: Vec<Device>,
    /// The logger, connected before everything else.
    pub logger: Option<usize>,
    /// The jobs, in order.
    pub jobs: Vec<Job>,
    /// What config.rs asked for and cannot have; a graph with problems is shown to nobody.
    pub problems: Vec<Problem>,
}

/// A place in config.rs, its path relative to the package's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file, as in `config.rs`.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A configure key: it chooses between devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name, an option of `mirage configure`: `net`.
    pub name: String,
    /// What it chooses, in one line.
    pub doc: String,
    /// True for a key that is on or off and takes no value on the command line; its values are `true` and `false`.
    pub flag: bool,
    /// Its values, in the order they were declared.
    pub values: Vec<Value>,
    /// The value when nobody chooses.
    pub default: String,
    /// The value when nobody chooses, on targets where it is another.
    pub default_on: BTreeMap<String, String>,
    /// Options that are short for a value: `dhcp` for `--ip dhcp`, by option.
    pub short_forms: BTreeMap<String, String>,
    /// Where it was declared.
    pub declared: Location,
}

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// As given on the command line.
    pub value: String,
    /// What it means, in one line; may be empty.
    pub doc: String,
}

/// A device, or a choice between devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its base name in snake case, which its instances count up from: `stack_socket`.
    pub name: String,
    /// What it provides: `Stack`; for a set of arguments the struct's path.
    pub kind: String,
    /// Whether several may use one instance.
    pub shared: bool,
    /// What it is, in one line; may be empty.
    pub doc: String,
    /// Where it was declared.
    pub declared: Location,
    /// How it comes to be.
    #[serde(flatten)]
    pub origin: Origin,
}

/// How a device comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A type applied to other devices and connected.
    Built(Built),
    /// One of several devices, by the value of a key.
    Choice(Choice),
    /// A struct of runtime arguments, read from the command line.
    Arguments(Vec<Argument>),
}

/// A type applied to other devices and connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The implementation for each target it exists on, by the target's name. Empty: there is none yet.
    pub implementations: BTreeMap<String, Implementation>,
    /// The devices it is applied to, in order.
    pub over: Vec<usize>,
    /// The runtime arguments its `connect` takes last.
    pub arguments: Option<Arguments>,
    /// Crates it needs besides those of its types' paths, by library name.
    pub needs: Vec<String>,
}

/// A Rust type that implements a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    /// Its path, beginning with its crate's library name: `mirage_unix::Stdio`.
    pub path: String,
    /// Whether its `connect` takes the platform first.
    pub platform: bool,
}

/// The runtime arguments a device takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arguments {
    /// The names of the targets on which it takes them.
    pub on: Vec<String>,
    /// The path of the struct that holds their values.
    pub path: String,
    /// What their names begin with: `dmz` makes `--dmz-listen`; may be empty.
    pub prefix: String,
    /// The arguments.
    pub list: Vec<Argument>,
}

/// A runtime argument; the fields are those of `mirage::args::Argument`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name without the dashes.
    pub name: String,
    /// What stands for its value in the usage; empty for a flag.
    pub value: String,
    /// What it means, in one line.
    pub doc: String,
    /// The value when it is not given.
    pub default: Option<String>,
    /// `flag`, `one`, `required` or `many`.
    pub shape: String,
}

/// One of several devices, by the value of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The key's name; `target` is the target.
    pub key: String,
    /// A device for every value.
    pub arms: Vec<Arm>,
}

/// What a choice gives for one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// The key's value.
    pub value: String,
    /// The device.
    pub device: usize,
}

/// A job and the devices it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its path as `job!` was given it: `knocking::start`.
    pub path: String,
    /// The module it is defined in.
    pub module: String,
    /// The function's name there.
    pub function: String,
    /// Its doc comment; may be empty.
    pub doc: String,
    /// Its parameters' names.
    pub parameters: Vec<String>,
    /// The device for each parameter.
    pub devices: Vec<usize>,
    /// Where it was plumbed.
    pub declared: Location,
}

/// Something config.rs asks for and cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, one fragment in lower case.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// The places it concerns, the first where it is to be mended, each with a label (which may be empty).
    pub places: Vec<Place>,
}

/// A place a problem concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Where.
    pub at: Location,
    /// What is there.
    pub label: String,
}
