//! A graph as boxes and arrows, not yet placed.

use crate::graph::{Graph, Origin};
use crate::plan::Plan;
use crate::show::{Choices, at};

/// Boxes and arrows.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The unikernel's name.
    pub name: String,
    /// What is drawn under it.
    pub subtitle: String,
    /// The devices in the order of the graph, then the jobs.
    pub boxes: Vec<Box>,
    /// The arrows, each from what stands above to what it stands on.
    pub arrows: Vec<Arrow>,
    devices: usize,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Box {
    /// What it is called.
    pub title: String,
    /// What it is, and where it is from; may be empty.
    pub lines: Vec<String>,
    /// What sort it is.
    pub sort: Sort,
    /// Whether it is part of what is chosen.
    pub active: bool,
}

/// The sorts of boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A job.
    Job,
    /// A device.
    Device,
    /// A fork between devices.
    Choice,
    /// Runtime arguments.
    Arguments,
}

/// An arrow.
#[derive(Clone, Debug)]
pub struct Arrow {
    /// The box it leaves.
    pub from: usize,
    /// The box it comes to.
    pub to: usize,
    /// What is written beside it; may be empty.
    pub label: String,
    /// Whether it is part of what is chosen.
    pub active: bool,
}

impl Picture {
    /// Draws a graph; `plan` gives the names main.rs has, if it can be had.
    pub fn new(graph: &Graph, choices: &Choices, plan: Option<&Plan>) -> Self {
        let mut picture = Self {
            name: graph.name.clone(),
            subtitle: subtitle(choices),
            boxes: vec![],
            arrows: vec![],
            devices: graph.devices.len(),
        };
        for (id, device) in graph.devices.iter().enumerate() {
            let active = choices.active.get(id).copied().unwrap_or_default();
            let planned = plan.and_then(|plan| plan.devices.iter().find(|planned| planned.id == id));
            let mut lines = vec![];
            let (sort, title) = match &device.origin {
                Origin::Built(built) => {
                    for &below in &built.over {
                        let label = String::new();
                        picture.arrows.push(Arrow { from: id, to: below, label, active });
                    }
                    lines.push(match (planned, built.implementations.get(&choices.target)) {
                        (Some(planned), _) => planned.path.clone(),
                        (None, Some(implementation)) => implementation.path.clone(),
                        (None, None) => format!("not there on {} yet", choices.target),
                    });
                    lines.push(at(&device.declared));
                    (Sort::Device, planned.map_or(&device.name, |planned| &planned.variable).clone())
                }
                Origin::Choice(choice) => {
                    let chosen = choices.chosen(choice);
                    for arm in &choice.arms {
                        let active = active && chosen == Some(arm.device);
                        let label = format!("{} = {}", choice.key, arm.value);
                        picture.arrows.push(Arrow { from: id, to: arm.device, label, active });
                    }
                    (Sort::Choice, format!("{}?", choice.key))
                }
                Origin::Arguments(list) => {
                    lines.extend(list.iter().map(|argument| format!("--{}", argument.name)));
                    (Sort::Arguments, planned.map_or(&device.kind, |planned| &planned.variable).clone())
                }
            };
            picture.boxes.push(Box { title, lines, sort, active });
        }
        for job in &graph.jobs {
            let from = picture.boxes.len();
            let lines = vec![at(&job.declared)];
            picture.boxes.push(Box { title: job.path.clone(), lines, sort: Sort::Job, active: true });
            for (&to, parameter) in job.devices.iter().zip(&job.parameters) {
                picture.arrows.push(Arrow { from, to, label: parameter.clone(), active: true });
            }
        }
        picture
    }

    /// The ids of the devices that are part of what is chosen.
    pub fn active_devices(&self) -> Vec<usize> {
        let devices = self.boxes.iter().take(self.devices).enumerate();
        devices.filter(|(_, device)| device.active).map(|(id, _)| id).collect()
    }
}

/// The target and the keys that matter, in a line.
fn subtitle(choices: &Choices) -> String {
    let keys = choices.keys.iter().filter(|key| key.used).map(|key| format!(", {} = {}", key.key, key.value));
    format!("target = {}{}", choices.target, keys.collect::<String>())
}
