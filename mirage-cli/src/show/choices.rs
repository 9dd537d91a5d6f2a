//! What is chosen at every fork of a graph, whether it can be built so or not.

use crate::graph::{Choice, Graph, Origin, Problem};
use crate::plan::{Setting, Settings, settle, target};

/// What is chosen at every fork of a graph.
#[derive(Clone, Debug)]
pub struct Choices {
    /// The target's name.
    pub target: String,
    /// The keys and their values; `used` says whether a fork that is come to asks for it.
    pub keys: Vec<Setting>,
    /// For every device, whether this choice leads to it.
    pub active: Vec<bool>,
}

impl Choices {
    /// Chooses by these settings.
    ///
    /// # Errors
    /// A target, key or value there is not.
    pub fn new(graph: &Graph, settings: &Settings) -> Result<Self, Vec<Problem>> {
        target(&settings.target).map_err(|problem| vec![problem])?;
        let (keys, problems) = settle(graph, settings);
        if !problems.is_empty() {
            return Err(problems);
        }
        let active = vec![false; graph.devices.len()];
        let mut choices = Self { target: settings.target.clone(), keys, active };
        let roots = graph.logger.iter().chain(graph.jobs.iter().flat_map(|job| &job.devices));
        for &device in roots {
            choices.walk(graph, device);
        }
        Ok(choices)
    }

    /// The device chosen at a fork.
    pub fn chosen(&self, choice: &Choice) -> Option<usize> {
        let value = if choice.key == "target" { &self.target } else { &self.setting(&choice.key)?.value };
        choice.arms.iter().find(|arm| arm.value == *value).map(|arm| arm.device)
    }

    fn setting(&self, key: &str) -> Option<&Setting> {
        self.keys.iter().find(|setting| setting.key == key)
    }

    fn walk(&mut self, graph: &Graph, id: usize) {
        let Some(device) = graph.devices.get(id).filter(|_| !self.active.get(id).copied().unwrap_or(true)) else {
            return;
        };
        if let Some(active) = self.active.get_mut(id) {
            *active = true;
        }
        match &device.origin {
            Origin::Built(built) => built.over.iter().for_each(|&below| self.walk(graph, below)),
            Origin::Choice(choice) => {
                if let Some(setting) = self.keys.iter_mut().find(|setting| setting.key == choice.key) {
                    setting.used = true;
                }
                if let Some(chosen) = self.chosen(choice) {
                    self.walk(graph, chosen);
                }
            }
            Origin::Arguments(_) => {}
        }
    }
}
