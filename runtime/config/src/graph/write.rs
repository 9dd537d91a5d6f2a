//! The graph in its schema.

use std::panic::Location;

use mirage::args::{Argument, Shape};

use super::check::Problem;
use super::json::Json;
use super::listing::Listing;
use super::place::place;
use crate::job::Job;
use crate::key::Description;
use crate::node::{Handle, Node, Origin};
use crate::unikernel::Unikernel;

/// The schema written here.
const SCHEMA: usize = 1;

/// Writes the graph down.
pub fn write(unikernel: &Unikernel, listing: &Listing, problems: &[Problem]) -> String {
    let id = |handle: Handle| Json::maybe(listing.id(handle).map(Json::number));
    Json::object([
        ("schema", Json::number(SCHEMA)),
        ("name", Json::text(unikernel.name)),
        ("about", Json::text(unikernel.about)),
        ("declared", location(unikernel.declared)),
        ("keys", Json::list(listing.keys.iter().map(|key| self::key(key)))),
        ("devices", Json::list(listing.nodes.iter().map(|node| device(node, &id)))),
        ("logger", id(unikernel.logger)),
        ("jobs", Json::list(unikernel.jobs.iter().map(|job| self::job(job, &id)))),
        ("problems", Json::list(problems.iter().map(problem))),
    ])
    .into_text()
}

fn location(at: &Location<'_>) -> Json {
    let (file, line) = place(at);
    Json::object([("file", Json::text(&file)), ("line", Json::number(line as usize))])
}

fn key(key: &Description) -> Json {
    let value = |&(value, doc): &(&str, &str)| Json::object([("value", Json::text(value)), ("doc", Json::text(doc))]);
    Json::object([
        ("name", Json::text(key.name)),
        ("doc", Json::text(key.doc)),
        ("flag", Json::truth(key.flag)),
        ("values", Json::list(key.values.iter().map(value))),
        ("default", Json::text(key.default)),
        ("default_on", Json::object(key.default_on.iter().map(|&(on, value)| (on.name(), Json::text(value))))),
        ("short_forms", Json::object(key.short_forms.iter().map(|&(option, value)| (option, Json::text(value))))),
        ("declared", location(key.declared)),
    ])
}

fn device(node: &Node, id: &impl Fn(Handle) -> Json) -> Json {
    let origin = match &node.origin {
        Origin::Built { implementations, over, arguments, needs } => {
            let implementation = |&(on, implementation): &(crate::Target, crate::node::Implementation)| {
                let path = ("path", Json::text(implementation.path));
                (on.name(), Json::object([path, ("platform", Json::truth(implementation.platform))]))
            };
            let arguments = arguments.as_ref().map(|arguments| {
                Json::object([
                    ("on", Json::texts(arguments.on.iter().map(|on| on.name()))),
                    ("path", Json::text(arguments.path)),
                    ("prefix", Json::text(node.prefix.get())),
                    ("list", Json::list(arguments.list.iter().map(argument))),
                ])
            });
            let built = Json::object([
                ("implementations", Json::object(implementations.iter().map(implementation))),
                ("over", Json::list(over.iter().map(|&handle| id(handle)))),
                ("arguments", Json::maybe(arguments)),
                ("needs", Json::texts(needs.iter().copied())),
            ]);
            ("built", built)
        }
        Origin::Choice { key, arms } => {
            let arm = |(value, handle): &(String, Handle)| {
                Json::object([("value", Json::text(value)), ("device", id(*handle))])
            };
            ("choice", Json::object([("key", Json::text(key.name)), ("arms", Json::list(arms.iter().map(arm)))]))
        }
        Origin::Arguments(list) => ("arguments", Json::list(list.iter().map(argument))),
    };
    Json::object([
        ("name", Json::text(node.name)),
        ("kind", Json::text(node.kind)),
        ("shared", Json::truth(node.shared)),
        ("doc", Json::text(node.doc)),
        ("declared", location(node.declared)),
        origin,
    ])
}

fn argument(argument: &Argument) -> Json {
    let shape = match argument.shape {
        Shape::Flag => "flag",
        Shape::One => "one",
        Shape::Required => "required",
        Shape::Many => "many",
    };
    Json::object([
        ("name", Json::text(argument.name)),
        ("value", Json::text(argument.value)),
        ("doc", Json::text(argument.doc)),
        ("default", Json::maybe(argument.default.map(Json::text))),
        ("shape", Json::text(shape)),
    ])
}

fn job(job: &Job, id: &impl Fn(Handle) -> Json) -> Json {
    Json::object([
        ("path", Json::text(job.path)),
        ("module", Json::text(job.info.module)),
        ("function", Json::text(job.info.name)),
        ("doc", Json::text(job.info.doc)),
        ("parameters", Json::texts(job.info.parameters.iter().copied())),
        ("devices", Json::list(job.handles.iter().map(|&handle| id(handle)))),
        ("declared", location(job.declared)),
    ])
}

fn problem(problem: &Problem) -> Json {
    let place = |(at, label): &(&'static Location<'static>, String)| {
        Json::object([("at", location(at)), ("label", Json::text(label))])
    };
    Json::object([
        ("message", Json::text(&problem.message)),
        ("hint", Json::text(&problem.hint)),
        ("places", Json::list(problem.places.iter().map(place))),
    ])
}
