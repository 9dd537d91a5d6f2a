//! What a plan whose every device exists can still get wrong.

use std::collections::BTreeMap;

use super::{Device, Job, Make};
use crate::graph::{Graph, Location, Place, Problem};

/// Arguments every unikernel takes: no device or job may have one of these names.
const RESERVED: [&str; 3] = ["help", "logs", "delay"];

/// Every device that is used more often than its kind allows, and every runtime argument that would mean two things.
pub fn check(graph: &Graph, devices: &[Device], jobs: &[Job]) -> Vec<Problem> {
    let mut problems = unshared(graph, devices, jobs);
    problems.extend(arguments(devices));
    problems
}

fn unshared(graph: &Graph, devices: &[Device], jobs: &[Job]) -> Vec<Problem> {
    let mut users: BTreeMap<usize, Vec<(&str, &Location)>> = BTreeMap::new();
    for device in devices {
        if let Make::Connect { over, .. } = &device.make {
            over.iter().for_each(|&index| users.entry(index).or_default().push((&device.variable, &device.declared)));
        }
    }
    for job in jobs {
        job.devices.iter().for_each(|&index| users.entry(index).or_default().push((&job.path, &job.declared)));
    }
    let twice = users.into_iter().filter(|(index, users)| users.len() > 1 && !graph.devices[devices[*index].id].shared);
    twice
        .map(|(index, users)| {
            let device = &devices[index];
            let mut places =
                vec![Place { at: device.declared.clone(), label: format!("{} is one device", device.variable) }];
            places.extend(users.iter().map(|(who, at)| Place { at: (*at).clone(), label: format!("{who} uses it") }));
            Problem {
                message: format!(
                    "`{}` is used {} times, and a `{}` cannot be shared",
                    device.variable,
                    users.len(),
                    device.kind
                ),
                hint: "call its constructor once for each use: that makes as many devices".into(),
                places,
            }
        })
        .collect()
}

fn arguments(devices: &[Device]) -> Vec<Problem> {
    let mut owners: BTreeMap<String, &Device> = BTreeMap::new();
    let mut problems = vec![];
    for device in devices {
        let (prefix, list) = match &device.make {
            Make::Arguments(list) => ("", list.as_slice()),
            Make::Connect { arguments: Some(arguments), .. } => (arguments.prefix.as_str(), arguments.list.as_slice()),
            Make::Connect { arguments: None, .. } => continue,
        };
        let names = list.iter().map(|argument| match prefix {
            "" => argument.name.clone(),
            prefix => format!("{prefix}-{}", argument.name),
        });
        for name in names {
            let here = Place { at: device.declared.clone(), label: format!("an argument of {}", device.variable) };
            if RESERVED.contains(&name.as_str()) {
                problems.push(Problem {
                    message: format!("`--{name}` is an argument every unikernel has already"),
                    hint: "call yours something else".into(),
                    places: vec![here],
                });
            } else if let Some(other) = owners.get(&name) {
                let there = Place { at: other.declared.clone(), label: format!("an argument of {}", other.variable) };
                problems.push(Problem {
                    message: format!(
                        "`--{name}` would mean two things: one of `{}`, one of `{}`",
                        other.variable, device.variable
                    ),
                    hint: twice_hint(other, device),
                    places: vec![there, here],
                });
                break; // the rest of two equal sets would say the same again
            } else {
                owners.insert(name, device);
            }
        }
    }
    problems
}

fn twice_hint(one: &Device, other: &Device) -> String {
    if matches!((&one.make, &other.make), (Make::Arguments(_), Make::Arguments(_))) && one.path == other.path {
        "call `args` once and give its handle to both".into()
    } else {
        "give one of them a prefix: `.prefix(\"dmz\")`".into()
    }
}
