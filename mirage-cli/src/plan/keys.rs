//! A value for every key: the one given, or the default of the target, or the default.

use std::collections::BTreeMap;

use super::{Setting, Settings, Source};
use crate::graph::{Graph, Key, Place, Problem};
use crate::target::{self, Target};

/// The target of this name.
///
/// # Errors
/// There is none, with the nearest there is.
pub fn target(name: &str) -> Result<&'static Target, Problem> {
    target::find(name).ok_or_else(|| {
        let names = || target::ALL.iter().map(|target| target.name);
        Problem {
            message: format!("there is no target `{name}`"),
            hint: one_of(name, names(), "the targets are"),
            places: vec![],
        }
    })
}

/// A value for every key of the graph, and what is wrong with those given.
pub fn settle(graph: &Graph, settings: &Settings) -> (Vec<Setting>, Vec<Problem>) {
    let mut problems = vec![];
    for (name, value) in &settings.keys {
        match graph.keys.iter().find(|key| key.name == *name) {
            None => problems.push(unknown_key(graph, name)),
            Some(key) if !takes(key, value) => problems.push(unknown_value(key, value)),
            Some(_) => {}
        }
    }
    // `target` is a key to config.rs; here it has its place already.
    let keys = graph.keys.iter().filter(|key| key.name != "target");
    let settled = keys.map(|key| settle_one(key, &settings.target, &settings.keys)).collect();
    (settled, problems)
}

fn settle_one(key: &Key, target: &str, given: &BTreeMap<String, String>) -> Setting {
    let (value, source) = match (given.get(&key.name), key.default_on.get(target)) {
        (Some(value), _) => (value, Source::Option),
        (None, Some(value)) => (value, Source::TargetDefault),
        (None, None) => (&key.default, Source::Default),
    };
    Setting { key: key.name.clone(), value: value.clone(), source, used: false }
}

fn takes(key: &Key, value: &str) -> bool {
    if key.flag { matches!(value, "true" | "false") } else { key.values.iter().any(|there| there.value == value) }
}

fn unknown_key(graph: &Graph, name: &str) -> Problem {
    let hint = if graph.keys.is_empty() {
        format!("`{}` has no keys; `--target` chooses the target", graph.name)
    } else {
        one_of(name, graph.keys.iter().map(|key| key.name.as_str()), "the keys are")
    };
    Problem { message: format!("there is no key `{name}`"), hint, places: vec![] }
}

fn unknown_value(key: &Key, value: &str) -> Problem {
    let values = || key.values.iter().map(|value| value.value.as_str());
    let hint = if key.flag {
        format!("`--{}` is on or off and takes no value", key.name)
    } else {
        one_of(value, values(), "the values are")
    };
    Problem {
        message: format!("key `{}` has no value `{value}`", key.name),
        hint,
        places: vec![Place { at: key.declared.clone(), label: "declared here".into() }],
    }
}

/// `did you mean …?` when something is near, and always what there is.
fn one_of<'a>(name: &str, there: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    let list = there.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, there) {
        Some(near) => format!("did you mean `{near}`? {what} {list}"),
        None => format!("{what} {list}"),
    }
}

/// The name that is most like `name`, if any is much like it.
fn nearest<'a>(name: &str, there: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = there.map(|there| (strsim::jaro_winkler(name, there), there));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 > 0.7).then_some(best.1)
}
