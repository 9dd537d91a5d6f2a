//! What a description asks for and cannot have; all of it, so that it can be mended in one go.
//!
//! What depends on the target and the keys is checked later, once they are known.

use std::panic::Location;

use super::listing::Listing;
use super::names;
use crate::key::Description;
use crate::node::{Implementation, Node, Origin};
use crate::unikernel::Unikernel;

/// Something that is wrong, where, and what to do about it.
pub struct Problem {
    pub message: String,
    pub hint: String,
    pub places: Vec<(&'static Location<'static>, String)>,
}

impl Problem {
    fn at(place: &'static Location<'static>, message: String, hint: &str) -> Self {
        Self { message, hint: hint.to_owned(), places: vec![(place, String::new())] }
    }

    fn label(mut self, label: &str) -> Self {
        if let Some((_, last)) = self.places.last_mut() {
            label.clone_into(last);
        }
        self
    }

    fn and(mut self, place: &'static Location<'static>, label: &str) -> Self {
        self.places.push((place, label.to_owned()));
        self
    }
}

/// Everything that is wrong.
pub fn problems(unikernel: &Unikernel, listing: &Listing) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(why) = names::unikernel(unikernel.name) {
        let message = format!("a unikernel cannot be called `{}`: {why}", unikernel.name);
        problems.push(Problem::at(unikernel.declared, message, "choose another name"));
    }
    if unikernel.jobs.is_empty() {
        let message = format!("the unikernel `{}` has no job", unikernel.name);
        let hint = "add one with `.job(job!(crate_name::start(…)))`";
        problems.push(Problem::at(unikernel.declared, message, hint));
    }
    for (index, node) in listing.nodes.iter().enumerate() {
        device(node, &listing.nodes[..index], &mut problems);
    }
    for (index, key) in listing.keys.iter().enumerate() {
        self::key(key, &listing.keys[..index], &mut problems);
    }
    for node in &listing.nodes {
        if let Origin::Choice { key, arms } = &node.origin {
            choice(node, key, &arms.iter().map(|(value, _)| value.as_str()).collect::<Vec<_>>(), &mut problems);
        }
    }
    problems
}

fn device(node: &Node, earlier: &[&'static Node], problems: &mut Vec<Problem>) {
    let implementations = |node: &Node| -> Option<Vec<(crate::Target, Implementation)>> {
        match &node.origin {
            Origin::Built { implementations, .. } => Some(implementations.clone()),
            Origin::Choice { .. } | Origin::Arguments(_) => None,
        }
    };
    let prefix = node.prefix.get();
    if !prefix.is_empty() && !names::dashed(prefix) {
        let message = format!("`{prefix}` cannot stand before the names of arguments");
        problems.push(Problem::at(node.declared, message, "use lower-case letters, digits and `-`, a letter first"));
    }
    let Some(mine) = implementations(node) else { return };
    if let Some(why) = names::device(node.name) {
        let message = format!("a device cannot be called `{}`: {why}", node.name);
        problems.push(Problem::at(node.declared, message, "change the name given to `device`"));
    }
    let other = earlier.iter().find(|other| {
        other.name == node.name
            && implementations(other).is_some_and(|theirs| theirs != mine || other.kind != node.kind)
    });
    if let Some(other) = other {
        let message = format!("two different devices are called `{}`", node.name);
        let hint = "give one of them another name: messages and main.rs call them by it";
        problems.push(Problem::at(node.declared, message, hint).label("this one").and(other.declared, "and this one"));
    }
}

fn key(key: &Description, earlier: &[&'static Description], problems: &mut Vec<Problem>) {
    // The target is a key too, and named by the tool.
    if key.name != "target"
        && let Some(why) = names::key(key.name)
    {
        let message = format!("a key cannot be called `{}`: {why}", key.name);
        problems.push(Problem::at(key.declared, message, "choose another name"));
    }
    if let Some(other) = earlier.iter().find(|other| other.name == key.name) {
        let message = format!("two different keys are called `{}`", key.name);
        let hint = "declare it once and use the handle twice, or call one of them otherwise";
        problems.push(Problem::at(key.declared, message, hint).label("this one").and(other.declared, "and this one"));
    }
    let values: Vec<&str> = key.values.iter().map(|&(value, _)| value).collect();
    for (index, value) in values.iter().enumerate() {
        if values[..index].contains(value) {
            let message = format!("the key `{}` has the value `{value}` twice", key.name);
            problems.push(Problem::at(key.declared, message, "leave one of them out"));
        }
        let odd = value.is_empty() || value.starts_with('-') || value.contains(|c: char| c.is_whitespace());
        if odd {
            let message = format!("the key `{}` cannot have the value `{value}`", key.name);
            problems.push(Problem::at(key.declared, message, "a value is one word that does not begin with `-`"));
        }
    }
    let defaults = key.default_on.iter().map(|&(_, value)| value).chain([key.default]);
    let meant = defaults.map(|value| ("its default", value));
    for (what, value) in meant.chain(key.short_forms.iter().map(|&(_, value)| ("what a short form stands for", value)))
    {
        if !values.contains(&value) {
            let message = format!("the key `{}` has no value `{value}`, which is {what}", key.name);
            problems.push(Problem::at(key.declared, message, &format!("its values are {}", listed(&values))));
        }
    }
    for &(option, _) in &key.short_forms {
        if let Some(why) = names::key(option) {
            let message = format!("a short form of the key `{}` cannot be called `{option}`: {why}", key.name);
            problems.push(Problem::at(key.declared, message, "choose another name"));
        }
        let taken = |other: &&&Description| {
            other.name == option || other.short_forms.iter().any(|&(theirs, _)| theirs == option)
        };
        if let Some(other) = earlier.iter().find(taken) {
            let message = format!("the short form `--{option}` of the key `{}` is taken by `{}`", key.name, other.name);
            let problem = Problem::at(key.declared, message, "choose another name").label("this key");
            problems.push(problem.and(other.declared, "taken here"));
        }
    }
}

fn choice(node: &Node, key: &Description, arms: &[&str], problems: &mut Vec<Problem>) {
    let values: Vec<&str> = key.values.iter().map(|&(value, _)| value).collect();
    for (index, arm) in arms.iter().enumerate() {
        if !values.contains(arm) {
            let message = format!("the key `{}` has no value `{arm}`", key.name);
            let problem = Problem::at(node.declared, message, &format!("its values are {}", listed(&values)));
            problems.push(problem.label("matched here").and(key.declared, "declared here"));
        } else if arms[..index].contains(arm) {
            let message = format!("the value `{arm}` of the key `{}` is matched twice", key.name);
            problems.push(Problem::at(node.declared, message, "leave one of the two out"));
        }
    }
    let missing: Vec<&str> = values.iter().copied().filter(|value| !arms.contains(value)).collect();
    if !missing.is_empty() {
        let message = format!("nothing is said for {} of the key `{}`", listed(&missing), key.name);
        let problem = Problem::at(node.declared, message, "give every value a device");
        problems.push(problem.label("matched here").and(key.declared, "declared here"));
    }
}

fn listed(values: &[&str]) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}
