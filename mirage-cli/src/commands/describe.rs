//! `mirage describe`.

use super::{print, print_json};
use crate::cli::{Keys, Subject};
use crate::configure;
use crate::error::Error;
use crate::evaluate::evaluate;
use crate::report::Reporter;
use crate::show::{self, Choices, Picture};

/// How the graph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a tree of text.
    Tree,
    /// For Graphviz.
    Dot,
    /// As a picture.
    Svg,
    /// As JSON.
    Json,
}

/// Shows the graph for what is chosen; also where it cannot be built so, with why not.
pub fn describe(subject: &Subject, keys: Keys, form: Form, reporter: &Reporter) -> Result<(), Error> {
    let project = subject.project(reporter)?;
    let graph = evaluate(&project, subject.evaluation(), reporter)?;
    if !graph.problems.is_empty() {
        return Err(configure::problems_error(&project, &graph.problems));
    }
    let settings = configure::settings(&project, &subject.request(keys, true, true));
    let choices = Choices::new(&graph, &settings).map_err(|problems| configure::problems_error(&project, &problems))?;
    let plan = configure::plan(&project, &graph, &settings);
    if let Err(error) = &plan {
        reporter.warn(&format!("this cannot be built: {error}"));
    }
    let picture = Picture::new(&graph, &choices, plan.as_ref().ok());
    match form {
        Form::Tree => print(show::tree(&graph, &choices, &picture)),
        Form::Dot => print(show::dot(&picture)),
        Form::Svg => print(show::svg(&picture)),
        Form::Json => print_json(&serde_json::json!({
            "graph": graph,
            "target": choices.target,
            "keys": choices.keys,
            "active": picture.active_devices(),
            "plan": plan.as_ref().ok(),
        })),
    }
}
