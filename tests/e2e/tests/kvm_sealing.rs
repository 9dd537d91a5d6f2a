//! What an image is sealed by: whoever is in control of ring 3 makes no code, and does not reach ring 0. Every attempt
//! is a boot of its own, and ends in one report with a status that says what it was.

use mirage_e2e::{Machine, Project};

static SEALING: Machine = Machine::new(|| Project::fixture("sealing"));

/// Boots the image and lets it try something; returns its status and what it said afterwards.
fn attempt(what: &str) -> (i32, String) {
    let ended = SEALING.run("microvm", "32M", &["--attempt", what]);
    let status = ended.status.unwrap_or_else(|error| panic!("{what}: {error}\n{}", ended.console));
    let rest = ended.console.strip_prefix(&format!("trying {what}\n"));
    (status, rest.unwrap_or_else(|| panic!("{what}: {}", ended.console)).to_owned())
}

/// One fault, of this status and explained by these words.
fn faults(what: &str, status: i32, words: &str) {
    let (ended, report) = attempt(what);
    assert_eq!(ended, status, "{what}: {report}");
    assert!(report.starts_with(&format!("fault: {words}")), "{what}: {report}");
    assert_eq!(report.matches("fault:").count(), 1, "{what}: {report}");
    assert!(report.contains("\n  rip 0x"), "{what}: {report}");
    assert!(report.contains("\n  at 0x"), "{what}: {report}");
}

#[test]
fn text_and_constants_cannot_be_written() {
    faults("write-text", 106, "what is there can only be read");
    faults("write-constant", 106, "what is there can only be read");
}

#[test]
fn what_is_not_text_cannot_be_executed() {
    for what in ["execute-data", "execute-heap", "execute-stack", "execute-constant"] {
        faults(what, 107, "what is there cannot be executed");
    }
}

#[test]
fn there_is_nothing_at_null() {
    faults("read-null", 104, "a null pointer");
    faults("write-null", 104, "a null pointer");
    faults("call-null", 107, "what is there cannot be executed");
}

#[test]
fn a_stack_ends_in_a_page_that_is_not_there() {
    faults("overflow-stack", 105, "the stack is used up");
}

#[test]
fn instructions_of_ring_0_are_refused() {
    let instructions = ["halt", "disable-interrupts", "load-tables", "write-protection", "write-register", "port"];
    for what in instructions {
        faults(what, 108, "a privileged instruction");
    }
    faults("system-call", 108, "a privileged instruction");
}

#[test]
fn the_shim_is_out_of_reach() {
    for what in ["read-shim", "write-shim", "execute-shim"] {
        faults(what, 109, "the shim's memory is out of reach");
    }
    faults("read-tables", 109, "the shim's memory is out of reach");
    faults("read-controller", 109, "the shim's memory is out of reach");
    faults("read-nothing", 103, "there is no memory there");
}

#[test]
fn other_exceptions_are_reported_too() {
    faults("abort", 103, "an instruction that does not exist");
    faults("divide", 103, "division by zero");
    faults("call-nothing", 103, "an instruction that does not exist");
}

#[test]
fn the_shims_calls_do_no_more_than_they_should() {
    let calls = ["call-map-memory", "call-map-controller", "call-port", "call-route", "call-register", "call-seal"];
    for what in calls {
        let (status, report) = attempt(what);
        assert_eq!((status, report.as_str().lines().count()), (1, 1), "{what}: {report}");
        assert!(report.contains("nothing has stopped it"), "{what}: {report}");
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
