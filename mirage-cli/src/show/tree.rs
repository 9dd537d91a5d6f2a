//! A graph as a tree of text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};

use super::picture::Picture;
use super::{Choices, at};
use crate::graph::{Argument, Graph, Origin};
use crate::plan::{Setting, Source};

const NAME: Style = Style::new().bold();
const ACCENT: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().effects(Effects::DIMMED);

/// The graph: what it is called, the keys and what they are, the jobs and the devices below each, the arguments.
///
/// A device that several stand on is shown whole once, and then by its name. What is not chosen is one faint line.
pub fn tree(graph: &Graph, choices: &Choices, picture: &Picture) -> String {
    let mut tree = Tree { graph, choices, picture, shown: vec![false; graph.devices.len()], text: String::new() };
    tree.header();
    tree.keys();
    for job in &graph.jobs {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(tree.text, "\n{NAME}{}{NAME:#} {FAINT}{}{FAINT:#}", job.path, at(&job.declared));
        let parameters = job.parameters.iter().map(String::as_str);
        let below: Vec<(&str, usize)> = parameters.zip(job.devices.iter().copied()).collect();
        tree.below(&below, "");
    }
    if let Some(logger) = graph.logger {
        let _ = writeln!(tree.text, "\n{NAME}logging{NAME:#}");
        tree.below(&[("", logger)], "");
    }
    tree.arguments();
    tree.text
}

struct Tree<'a> {
    graph: &'a Graph,
    choices: &'a Choices,
    picture: &'a Picture,
    shown: Vec<bool>,
    text: String,
}

impl Tree<'_> {
    fn header(&mut self) {
        let about = if self.graph.about.is_empty() { String::new() } else { format!(": {}", self.graph.about) };
        let _ = writeln!(self.text, "{NAME}{}{NAME:#}{about}", self.graph.name);
        let _ = writeln!(self.text, "target {ACCENT}{}{ACCENT:#}", self.choices.target);
    }

    fn keys(&mut self) {
        let width = self.choices.keys.iter().map(|key| key.key.len()).max().unwrap_or_default();
        for Setting { key, value, source, used } in &self.choices.keys {
            let source = match source {
                Source::Default => "default".to_owned(),
                Source::TargetDefault => format!("default on {}", self.choices.target),
                Source::Option => "chosen".to_owned(),
            };
            let used = if *used { "" } else { ", not asked for" };
            let _ = writeln!(self.text, "  --{key:width$} {ACCENT}{value}{ACCENT:#} {FAINT}({source}{used}){FAINT:#}");
        }
    }

    fn below(&mut self, below: &[(&str, usize)], indent: &str) {
        for (index, &(label, id)) in below.iter().enumerate() {
            let last = index + 1 == below.len();
            let (branch, under) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
            self.device(id, &format!("{indent}{branch}{label}"), &format!("{indent}{under}"));
        }
    }

    fn device(&mut self, id: usize, lead: &str, indent: &str) {
        let (Some(device), Some(drawn)) = (self.graph.devices.get(id), self.picture.boxes.get(id)) else { return };
        let place = at(&device.declared);
        if !drawn.active {
            let what = match &device.origin {
                Origin::Choice(choice) => format!("choice by {}", choice.key),
                _ if device.doc.is_empty() => drawn.title.clone(),
                _ => format!("{}: {}", drawn.title, device.doc),
            };
            let _ = writeln!(self.text, "{lead}{FAINT}{what} (not chosen){FAINT:#}");
            return;
        }
        if let Origin::Choice(choice) = &device.origin {
            let key = &choice.key;
            if self.again(id) {
                let _ = writeln!(self.text, "{lead}choice by {key} {FAINT}(shared, above){FAINT:#}");
                return;
            }
            let _ = writeln!(self.text, "{lead}choice by {ACCENT}{key}{ACCENT:#} {FAINT}{place}{FAINT:#}");
            let arms: Vec<(&str, usize)> = choice.arms.iter().map(|arm| (arm.value.as_str(), arm.device)).collect();
            self.below(&arms, indent);
            return;
        }
        let title = &drawn.title;
        if self.again(id) {
            let _ = writeln!(self.text, "{lead}{NAME}{title}{NAME:#} {FAINT}(shared, above){FAINT:#}");
            return;
        }
        let what = match &device.origin {
            Origin::Built(_) => drawn.lines.first().map_or("", String::as_str),
            // Without a plan it has no name of its own, and is called by its kind.
            Origin::Arguments(_) if *title == device.kind => "",
            Origin::Choice(_) | Origin::Arguments(_) => &device.kind,
        };
        let gap = if what.is_empty() { "" } else { " " };
        let _ = writeln!(self.text, "{lead}{NAME}{title}{NAME:#}{gap}{what} {FAINT}{place}{FAINT:#}");
        if let Origin::Built(built) = &device.origin {
            let below: Vec<(&str, usize)> = built.over.iter().map(|&id| ("", id)).collect();
            self.below(&below, indent);
        }
    }

    /// Whether this device has been shown before; from now on it has.
    fn again(&mut self, id: usize) -> bool {
        self.shown.get_mut(id).is_some_and(|shown| std::mem::replace(shown, true))
    }

    fn arguments(&mut self) {
        let lists = self.graph.devices.iter().zip(&self.choices.active).filter(|(_, active)| **active);
        let rows: Vec<(String, &Argument)> = lists
            .flat_map(|(device, _)| match &device.origin {
                Origin::Arguments(list) => list.iter().map(|argument| ("", argument)).collect::<Vec<_>>(),
                Origin::Built(built) => built
                    .arguments
                    .iter()
                    .flat_map(|arguments| arguments.list.iter().map(|argument| (arguments.prefix.as_str(), argument)))
                    .collect(),
                Origin::Choice(_) => vec![],
            })
            .map(|(prefix, argument)| {
                let dash = if prefix.is_empty() { "" } else { "-" };
                (format!("--{prefix}{dash}{} {}", argument.name, argument.value), argument)
            })
            .collect();
        if rows.is_empty() {
            return;
        }
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let _ = writeln!(self.text, "\n{NAME}arguments at boot{NAME:#}");
        for (name, argument) in rows {
            let default = argument.default.as_ref().map(|default| format!(" [default: {default}]")).unwrap_or_default();
            let padding = width - name.chars().count();
            let _ = writeln!(self.text, "  {ACCENT}{name}{ACCENT:#}{:padding$}  {}{default}", "", argument.doc);
        }
    }
}
