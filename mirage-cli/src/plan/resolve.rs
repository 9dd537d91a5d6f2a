//! From a graph, a target and the keys given to a plan, or to everything that stands in its way.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::keys::{settle, target};
use super::names::Names;
use super::{Device, Job, Make, Plan, Setting};
use crate::graph::{self, Built, Graph, Origin, Place, Problem};
use crate::target;

/// What the user chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// The target's name.
    pub target: String,
    /// The keys given, with their values; a flag's are `true` and `false`.
    pub keys: BTreeMap<String, String>,
}

/// Takes every choice, finds every device's implementation and names it.
///
/// `libraries` are the names by which the project's package sees crates: a job's path that begins with one is written
/// into main.rs as it stands.
///
/// # Errors
/// Every problem there is, not only the first; config.rs's own first.
pub fn resolve(graph: &Graph, settings: &Settings, libraries: &BTreeSet<String>) -> Result<Plan, Vec<Problem>> {
    if !graph.problems.is_empty() {
        return Err(graph.problems.clone());
    }
    let (keys, mut problems) = settle(graph, settings);
    match target(&settings.target) {
        Ok(_) if !problems.is_empty() => return Err(problems),
        Ok(_) => {}
        Err(problem) => {
            problems.insert(0, problem);
            return Err(problems);
        }
    }
    let mut walk = Walk::new(graph, &settings.target, keys);
    let jobs: Vec<Job> = walk.all().into_iter().map(|(job, devices)| plan_job(job, devices, libraries)).collect();
    problems.append(&mut walk.problems);
    let missing = std::mem::take(&mut walk.missing);
    if !missing.is_empty() {
        problems.extend(explain(graph, settings, &walk.keys, &missing));
    }
    if problems.is_empty() {
        problems = check(graph, &walk.devices, &jobs);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Plan {
        name: graph.name.clone(),
        about: graph.about.clone(),
        target: settings.target.clone(),
        keys: walk.keys,
        devices: walk.devices,
        jobs,
    })
}

fn plan_job(job: &graph::Job, devices: Vec<usize>, libraries: &BTreeSet<String>) -> Job {
    let library = job.path.split("::").next().unwrap_or_default();
    let path = if libraries.contains(library) { job.path.clone() } else { format!("{}::{}", job.module, job.function) };
    Job { path, devices, declared: job.declared.clone() }
}

/// A walk over the devices a target and the keys' values lead to, each after those it is applied to.
struct Walk<'g> {
    graph: &'g Graph,
    target: &'g str,
    keys: Vec<Setting>,
    names: Names,
    seen: BTreeMap<usize, usize>,
    devices: Vec<Device>,
    /// The devices without an implementation for the target.
    missing: Vec<usize>,
    problems: Vec<Problem>,
}

impl<'g> Walk<'g> {
    fn new(graph: &'g Graph, target: &'g str, keys: Vec<Setting>) -> Self {
        let (names, seen) = (Names::default(), BTreeMap::new());
        Self { graph, target, keys, names, seen, devices: vec![], missing: vec![], problems: vec![] }
    }

    /// The logger, then every job's devices.
    fn all(&mut self) -> Vec<(&'g graph::Job, Vec<usize>)> {
        let graph = self.graph;
        graph.logger.iter().for_each(|&logger| _ = self.device(logger));
        graph.jobs.iter().map(|job| (job, self.each(&job.devices))).collect()
    }

    fn each(&mut self, ids: &[usize]) -> Vec<usize> {
        ids.iter().filter_map(|&id| self.device(id)).collect()
    }

    /// The device's index in the plan; none, and something in `missing` or `problems`, if it cannot be had.
    fn device(&mut self, id: usize) -> Option<usize> {
        let graph = self.graph;
        let device = &graph.devices[id];
        if let Origin::Choice(choice) = &device.origin {
            return self.arm(device, choice);
        }
        if let Some(&index) = self.seen.get(&id) {
            return Some(index);
        }
        let (path, make) = match &device.origin {
            Origin::Built(built) => self.built(id, built)?,
            Origin::Arguments(list) => (device.kind.clone(), Make::Arguments(list.clone())),
            Origin::Choice(_) => return None,
        };
        let (variable, alias) = self.names.next(&device.name);
        let (kind, declared) = (device.kind.clone(), device.declared.clone());
        self.devices.push(Device { id, variable, alias, kind, path, make, declared });
        self.seen.insert(id, self.devices.len() - 1);
        Some(self.devices.len() - 1)
    }

    fn built(&mut self, id: usize, built: &Built) -> Option<(String, Make)> {
        let Some(implementation) = built.implementations.get(self.target) else {
            // What it would stand on may be missing too: that follows from this, and nobody asked for it.
            if !self.missing.contains(&id) {
                self.missing.push(id);
            }
            return None;
        };
        let over = self.each(&built.over);
        let takes = |arguments: &&graph::Arguments| arguments.on.iter().any(|on| on == self.target);
        let (arguments, needs) = (built.arguments.as_ref().filter(takes).cloned(), built.needs.clone());
        let make = Make::Connect { platform: implementation.platform, over, arguments, needs };
        Some((implementation.path.clone(), make))
    }

    fn arm(&mut self, device: &graph::Device, choice: &graph::Choice) -> Option<usize> {
        let value = if choice.key == "target" {
            self.target
        } else if let Some(setting) = self.keys.iter_mut().find(|setting| setting.key == choice.key) {
            setting.used = true;
            &setting.value.clone()
        } else {
            self.problem(device, format!("`{}` is chosen by a key `{}` there is not", device.name, choice.key));
            return None;
        };
        let Some(arm) = choice.arms.iter().find(|arm| arm.value == value) else {
            self.problem(device, format!("`{}` has no device for `{value}` of key `{}`", device.name, choice.key));
            return None;
        };
        self.device(arm.device)
    }

    fn problem(&mut self, device: &graph::Device, message: String) {
        let problem = Problem {
            message,
            hint: "give every value an arm".into(),
            places: vec![Place { at: device.declared.clone(), label: "chosen here".into() }],
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// One sentence for each device the target lacks, and the choices there are.
fn explain(graph: &Graph, settings: &Settings, keys: &[Setting], missing: &[usize]) -> Vec<Problem> {
    let target = &settings.target;
    let hint = choices(graph, settings, keys);
    let place = |&id: &usize| {
        let device = &graph.devices[id];
        Place { at: device.declared.clone(), label: format!("`{}`: {}", device.name, targets(device)) }
    };
    let each = missing.iter().map(|id| Problem {
        message: format!("device `{}` cannot be had on `{target}` yet", graph.devices[*id].name),
        hint: hint.clone(),
        places: vec![place(id)],
    });
    each.collect()
}

fn targets(device: &graph::Device) -> String {
    match &device.origin {
        Origin::Built(built) if !built.implementations.is_empty() => {
            let targets = built.implementations.keys().map(|target| format!("`{target}`"));
            format!("on {} only", targets.collect::<Vec<_>>().join(" and "))
        }
        _ => "on no target yet".into(),
    }
}

/// Every single change of a key, or else of the target, with which nothing is missing.
fn choices(graph: &Graph, settings: &Settings, keys: &[Setting]) -> String {
    let complete = |target: &str, keys: Vec<Setting>| {
        let mut walk = Walk::new(graph, target, keys);
        walk.all();
        walk.missing.is_empty() && walk.problems.is_empty()
    };
    let mut options = vec![];
    for (index, setting) in keys.iter().enumerate().filter(|(_, setting)| setting.used) {
        let Some(key) = graph.keys.iter().find(|key| key.name == setting.key) else { continue };
        for value in key.values.iter().filter(|value| value.value != setting.value) {
            let mut changed = keys.to_vec();
            changed[index].value.clone_from(&value.value);
            if complete(&settings.target, changed) {
                options.push(match (key.flag, value.value.as_str()) {
                    (true, "true") => format!("`--{}`", key.name),
                    (true, _) => format!("`mirage configure` without `--{}`", key.name),
                    (false, value) => format!("`--{} {value}`", key.name),
                });
            }
        }
    }
    if options.is_empty() {
        for target in target::ALL.iter().filter(|target| target.name != settings.target) {
            let other = Settings { target: target.name.into(), keys: settings.keys.clone() };
            if complete(target.name, settle(graph, &other).0) {
                options.push(format!("`--target {}`", target.name));
            }
        }
    }
    if options.is_empty() { String::new() } else { format!("what can be had: {}", options.join(" or ")) }
}
