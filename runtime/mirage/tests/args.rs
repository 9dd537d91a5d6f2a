//! Command lines against the arguments there are.

use mirage::Args as _;
use mirage::args::{ArgsError, Boot, Group, Request, Usage, Values};
use proptest::prelude::*;

/// Some of every shape.
#[derive(mirage::Args, Clone, Debug, Default, PartialEq)]
struct Options {
    /// Serve on this port
    #[arg(value = "PORT", default = "80")]
    port: u16,
    /// Be called so
    name: String,
    /// Know these
    host: Vec<String>,
    /// Stop then
    limit: Option<u8>,
    /// Hurry
    fast: bool,
}

const GROUPS: &[Group] = &[
    Group::new::<Boot>("every unikernel"),
    Group::new::<Options>("options"),
    Group::new::<mirage::args::Listen>("inner").prefixed("inner"),
];

fn parse(line: &str) -> Result<Request, ArgsError> {
    Values::parse(GROUPS, line.split(' ').filter(|word| !word.is_empty()))
}

fn options(line: &str) -> Result<Options, ArgsError> {
    match parse(line)? {
        Request::Run(values) => Options::from_matches(values.group("options")).map_err(|error| *error),
        Request::Help => panic!("no help was asked for"),
    }
}

#[test]
fn every_form_and_shape() {
    let given = options("--name=a=b --host x --host=y --fast --limit 7").unwrap();
    assert_eq!(
        given,
        Options { port: 80, name: "a=b".into(), host: vec!["x".into(), "y".into()], limit: Some(7), fast: true }
    );
    let Ok(Request::Run(values)) = parse("--name x --inner-listen ::1 --delay 1.5 --logs warn,a:debug") else {
        panic!("it is sound")
    };
    let boot = Boot::from_matches(values.group("every unikernel")).unwrap();
    assert_eq!((boot.delay.to_string(), boot.logs.to_string()), ("1.500".into(), "warn,a:debug".into()));
    let inner = mirage::args::Listen::from_matches(values.group("inner")).unwrap();
    assert_eq!(inner.listen, Some("::1".parse().unwrap()));
    assert!(matches!(parse("--nonsense --help"), Err(ArgsError::Unknown { .. })));
    assert!(matches!(parse("--help --nonsense"), Ok(Request::Help)));
}

#[test]
fn what_is_wrong_is_said() {
    for (line, said) in [
        ("--name x --prot 1", "there is no argument `--prot`; did you mean `--port`?"),
        ("--name x --zzzzzz", "there is no argument `--zzzzzz`; `--help` lists what there is"),
        ("--listen ::1 --name x", "there is no argument `--listen`; `--help` lists what there is"),
        ("name", "`name` is not an argument: they begin with `--`"),
        ("--port 1", "`--name` must be given"),
        ("--name", "`--name` needs a value: `--name=VALUE`"),
        ("--name x --fast=yes", "`--fast` takes no value"),
        ("--name x --name y", "`--name` was given twice"),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), said, "{line}");
    }
    for (line, said) in [
        ("--name x --port 70000", "`--port` cannot be `70000`: it is not a whole number from 0 to 65535"),
        ("--name x --port http", "`--port` cannot be `http`: it is not a whole number from 0 to 65535"),
        ("--name x --limit -1", "`--limit` cannot be `-1`: it is not a whole number from 0 to 255"),
    ] {
        assert_eq!(options(line).unwrap_err().to_string(), said, "{line}");
    }
}

#[test]
fn the_usage_says_all_of_it() {
    let usage = Usage { name: "test", groups: GROUPS }.to_string();
    let expected = "\
Usage: test [OPTIONS]

Options of every unikernel:
  --logs LEVEL|SOURCE:LEVEL,…  What is logged: off, error, warn, info, debug or trace, for all or for one source [default: info]
  --delay SECONDS              Wait before the devices are connected [default: 0]

Options of options:
  --port PORT                  Serve on this port [default: 80]
  --name NAME                  Be called so [required]
  --host HOST                  Know these [repeatable]
  --limit LIMIT                Stop then
  --fast                       Hurry

Options of inner:
  --inner-listen ADDRESS       Accept on this address only, instead of every one this host has

  --help                       Print this page
";
    assert_eq!(usage, expected);
}

proptest! {
    #[test]
    fn no_command_line_is_too_odd(words: Vec<String>) {
        let _ = Values::parse(GROUPS, &words);
    }

    #[test]
    fn nothing_nearly_right_is_too_odd(words in prop::collection::vec("--(name|port|host|fast|help|x|inner-listen)?(=.{0,4})?|.{0,3}", 0..6)) {
        if let Ok(Request::Run(values)) = Values::parse(GROUPS, &words) {
            let _ = Options::from_matches(values.group("options"));
        }
    }

    #[test]
    fn a_value_comes_back_as_it_was_given(name in "\\PC{0,20}", port: u16) {
        let words = [format!("--name={name}"), format!("--port={port}")];
        let Ok(Request::Run(values)) = Values::parse(GROUPS, &words) else { panic!("it is sound") };
        let options = Options::from_matches(values.group("options")).unwrap();
        prop_assert_eq!((options.name, options.port), (name, port));
    }

    #[test]
    fn no_filter_is_too_odd(text in "([a-z:]{0,6}[:,]?(info|off|debug)?,?){0,4}") {
        if let Ok(filter) = text.parse::<mirage::log::Filter>() {
            prop_assert_eq!(filter.to_string().parse::<mirage::log::Filter>(), Ok(filter));
        }
    }
}
