//! The configure keys of a graph, as options of the command line.

use std::collections::BTreeMap;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches};

use crate::graph::{Graph, Key};

/// The keys given, with their values; a flag's are `true` and `false`.
pub type Keys = BTreeMap<String, String>;

/// A command with an option for every key.
pub fn add(command: clap::Command, graph: &Graph) -> clap::Command {
    command.args(graph.keys.iter().filter(|key| key.name != "target").flat_map(options))
}

fn options(key: &Key) -> Vec<Arg> {
    let heading = "Keys of config.rs";
    let plain = Arg::new(key.name.clone()).long(key.name.clone()).help(help(key)).help_heading(heading);
    let own = if key.flag {
        plain.action(ArgAction::SetTrue)
    } else {
        let values = key.values.iter().map(|value| PossibleValue::new(value.value.clone()).help(value.doc.clone()));
        plain
            .value_name(key.name.to_uppercase())
            .value_parser(PossibleValuesParser::new(values))
            .overrides_with(key.name.clone())
    };
    let short = key.short_forms.iter().map(|(option, value)| {
        Arg::new(option.clone())
            .long(option.clone())
            .help(format!("Short for `--{} {value}`", key.name))
            .help_heading(heading)
            .action(ArgAction::SetTrue)
            .conflicts_with(key.name.clone())
    });
    [own].into_iter().chain(short).collect()
}

/// What it chooses, and the default on every target where that is another.
fn help(key: &Key) -> String {
    if key.flag {
        return key.doc.clone();
    }
    let others: String = key.default_on.iter().map(|(target, value)| format!("; on {target}: {value}")).collect();
    format!("{} [default: {}{others}]", key.doc, key.default)
}

/// The keys given.
pub fn given(matches: &ArgMatches, graph: &Graph) -> Keys {
    let mut keys = Keys::new();
    for key in graph.keys.iter().filter(|key| key.name != "target") {
        if key.flag {
            if matches.get_flag(&key.name) {
                keys.insert(key.name.clone(), "true".to_owned());
            }
            continue;
        }
        if let Some(value) = matches.get_one::<String>(&key.name) {
            keys.insert(key.name.clone(), value.clone());
        }
        for (option, value) in &key.short_forms {
            if matches.get_flag(option) {
                keys.insert(key.name.clone(), value.clone());
            }
        }
    }
    keys
}
