//! From the text config.rs wrote to a graph every later step may trust.

use std::fmt;

use serde::Deserialize;

use super::{Built, Choice, Graph, Origin, SCHEMA};

/// Why a text is not a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing was written.
    Empty,
    /// It is not JSON, or not of this shape.
    Shape(String),
    /// It was written by another version of mirage-config.
    Schema(u32),
    /// It contradicts itself.
    Wrong(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Shape(error) => write!(f, "it is not what mirage-config writes: {error}"),
            Self::Schema(schema) => write!(f, "it is of schema {schema}, and this `mirage` reads schema {SCHEMA}"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a graph and checks it: every index is one of a device, no device stands on itself, and what becomes part of
/// a file name or of Rust text is fit for that.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &str) -> Result<Graph, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        schema: u32,
    }
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    // The schema first: a graph of another one may have another shape.
    let head: Head = serde_json::from_str(text).map_err(|error| ReadError::Shape(error.to_string()))?;
    if head.schema != SCHEMA {
        return Err(ReadError::Schema(head.schema));
    }
    let graph: Graph = serde_json::from_str(text).map_err(|error| ReadError::Shape(error.to_string()))?;
    check(&graph).map_err(ReadError::Wrong)?;
    Ok(graph)
}

fn check(graph: &Graph) -> Result<(), String> {
    if !graph.problems.is_empty() {
        return Ok(()); // nobody looks further than at them
    }
    if !is_file_name(&graph.name) {
        return Err(format!("`{}` is not a name for a unikernel: letters, digits, `-` and `_`", graph.name));
    }
    let count = graph.devices.len();
    let known = |id: &usize| if *id < count { Ok(()) } else { Err(format!("there is no device {id}")) };
    graph.logger.iter().try_for_each(known)?;
    for device in &graph.devices {
        if !is_snake_case(&device.name) {
            return Err(format!("`{}` is not a name for a device: a word in snake case", device.name));
        }
        below(&device.origin).iter().try_for_each(known)?;
        for path in paths(&device.origin) {
            if !is_path(path) {
                return Err(format!("`{path}` of `{}` is not a path that begins with a crate's name", device.name));
            }
        }
        if matches!(device.origin, Origin::Arguments(_)) && !is_path(&device.kind) {
            return Err(format!("`{}` is not a path that begins with a crate's name", device.kind));
        }
    }
    for job in &graph.jobs {
        job.devices.iter().try_for_each(known)?;
        let definition = format!("{}::{}", job.module, job.function);
        if !is_path(&job.path) || !is_path(&definition) {
            return Err(format!("`{}` is not a path that begins with a crate's name", job.path));
        }
    }
    let mut state = vec![Visit::New; count];
    (0..count).try_for_each(|id| acyclic(graph, id, &mut state))
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

fn acyclic(graph: &Graph, id: usize, state: &mut [Visit]) -> Result<(), String> {
    match state[id] {
        Visit::Done => return Ok(()),
        Visit::Open => return Err(format!("`{}` stands on itself", graph.devices[id].name)),
        Visit::New => state[id] = Visit::Open,
    }
    below(&graph.devices[id].origin).iter().try_for_each(|&below| acyclic(graph, below, state))?;
    state[id] = Visit::Done;
    Ok(())
}

/// The devices a device may stand on, whatever the keys say.
fn below(origin: &Origin) -> Vec<usize> {
    match origin {
        Origin::Built(Built { over, .. }) => over.clone(),
        Origin::Choice(Choice { arms, .. }) => arms.iter().map(|arm| arm.device).collect(),
        Origin::Arguments(_) => vec![],
    }
}

fn paths(origin: &Origin) -> Vec<&str> {
    let Origin::Built(built) = origin else { return vec![] };
    let types = built.implementations.values().map(|implementation| implementation.path.as_str());
    types.chain(built.arguments.iter().map(|arguments| arguments.path.as_str())).collect()
}

fn is_file_name(name: &str) -> bool {
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fit)
}

fn is_snake_case(name: &str) -> bool {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fit)
}

/// At least a crate's name and something in it.
fn is_path(path: &str) -> bool {
    let word = |word: &str| {
        let word = word.strip_prefix("r#").unwrap_or(word);
        word.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    path.contains("::") && path.split("::").all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"schema": 1, "name": "a", "about": "", "declared": {"file": "config.rs", "line": 4},
        "keys": [], "devices": [], "logger": null, "jobs": [], "problems": []}"#;

    #[test]
    fn the_least_graph_reads() {
        assert_eq!(read(LEAST).unwrap().name, "a");
    }

    #[test]
    fn what_is_not_a_graph_says_why() {
        assert_eq!(read(" \n"), Err(ReadError::Empty));
        assert!(matches!(read("hello"), Err(ReadError::Shape(_))));
        assert_eq!(read(r#"{"schema": 2, "anything": []}"#), Err(ReadError::Schema(2)));
    }

    #[test]
    fn a_graph_that_contradicts_itself_is_refused() {
        let wrong = |from: &str, to: &str| match read(&LEAST.replace(from, to)) {
            Err(ReadError::Wrong(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(r#""logger": null"#, r#""logger": 3"#), "there is no device 3");
        assert!(wrong(r#""name": "a""#, r#""name": "../a""#).contains("not a name"));
        let itself = r#"[{"name": "a", "kind": "A", "shared": true, "doc": "", "declared": {"file": "config.rs", "line": 1},
            "built": {"implementations": {}, "over": [0], "arguments": null, "needs": []}}]"#;
        assert_eq!(wrong(r#""devices": []"#, &format!(r#""devices": {itself}"#)), "`a` stands on itself");
    }
}
