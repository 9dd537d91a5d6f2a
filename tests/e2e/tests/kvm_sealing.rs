//! What an image is sealed by: whoever is in control of ring 3 makes no code, and does not reach ring 0. Every attempt
//! is a boot of its own, and ends in one report with a status that says what it was.

use mirage_e2e::sealing::{self, Fault, ended_in, was_refused};
use mirage_e2e::{Machine, Project};

static SEALING: Machine = Machine::new(|| Project::fixture("sealing"));

/// Boots the image and lets it try something; returns its status and what it said afterwards.
fn attempt(what: &str) -> (i32, String) {
    let ended = SEALING.run("microvm", "32M", &["--attempt", what]);
    let status = ended.status.unwrap_or_else(|error| panic!("{what}: {error}\n{}", ended.console));
    let rest = ended.console.strip_prefix(&format!("trying {what}\n"));
    (status, rest.unwrap_or_else(|| panic!("{what}: {}", ended.console)).to_owned())
}

/// All of these, each in a boot of its own.
fn faults(all: &[Fault]) {
    for fault in all {
        let (ended, report) = attempt(fault.0);
        ended_in(fault, ended, &report);
    }
}

#[test]
fn text_and_constants_cannot_be_written() {
    faults(sealing::TEXT);
}

#[test]
fn what_is_not_text_cannot_be_executed() {
    faults(sealing::CODE);
}

#[test]
fn there_is_nothing_at_null() {
    faults(sealing::NULL);
}

#[test]
fn a_stack_ends_in_a_page_that_is_not_there() {
    faults(sealing::STACK);
}

#[test]
fn instructions_of_ring_0_are_refused() {
    faults(sealing::PRIVILEGED);
}

#[test]
fn the_shim_is_out_of_reach() {
    faults(sealing::SHIM);
    faults(&[("read-controller", 109, "the shim's memory is out of reach")]);
}

#[test]
fn other_exceptions_are_reported_too() {
    faults(sealing::OTHERS);
}

#[test]
fn the_shims_calls_do_no_more_than_they_should() {
    for what in sealing::CALLS {
        let (status, report) = attempt(what);
        was_refused(what, status, &report);
    }
}

#[test]
fn a_panic_says_where() {
    let (status, report) = attempt("panic");
    assert_eq!(status, 101, "{report}");
    assert!(report.starts_with("panicked at sealing/unikernel.rs:"), "{report}");
    assert!(report.contains("\nas it was told\n  at 0x"), "{report}");
}

#[test]
fn memory_that_runs_out_says_how_much_was_wanted_and_left() {
    let (status, report) = attempt("exhaust-memory");
    assert_eq!(status, 102, "{report}");
    assert!(report.starts_with("out of memory: 100000 bytes are wanted, "), "{report}");
}

#[test]
fn places_are_different_at_every_boot() {
    let stacks = [(); 3].map(|()| {
        let (_, report) = attempt("abort");
        let place = report.split("rsp ").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
        place.unwrap_or_else(|| panic!("{report}"))
    });
    assert!(stacks[0] != stacks[1] && stacks[1] != stacks[2] && stacks[0] != stacks[2], "{stacks:?}");
}
