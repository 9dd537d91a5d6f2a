//! Runtime arguments, as they would be at boot.

use mirage::Args;
use mirage::args::{Group, Request, Values, words};

/// The arguments that a command line of this text gives: `args::<Options>("--http-port 8080")`.
///
/// # Panics
/// When the command line cannot be taken, with the message a unikernel would end with.
pub fn args<T: Args>(line: &str) -> T {
    // A test's groups live as long as the test program, as a unikernel's do.
    let groups: &'static [Group] = Box::leak(Box::new([Group::new::<T>(T::PATH)]));
    let request = words(line).and_then(|words| Values::parse(groups, words));
    match request {
        Ok(Request::Run(values)) => T::from_matches(values.group(T::PATH)).unwrap_or_else(|error| panic!("{error}")),
        Ok(Request::Help) => panic!("`--help` leaves nothing to run"),
        Err(error) => panic!("{error}"),
    }
}
