//! What the image of `fixtures/sealing` tries, one way a boot, and what each must come to, wherever it runs.

/// What is tried, the status that it ends with, and the words its report begins with.
pub type Fault = (&'static str, i32, &'static str);

/// Everything that ends in a fault.
pub const FAULTS: &[&[Fault]] = &[TEXT, CODE, NULL, STACK, PRIVILEGED, SHIM, OTHERS];

/// Text and constants cannot be written.
pub const TEXT: &[Fault] =
    &[("write-text", 106, "what is there can only be read"), ("write-constant", 106, "what is there can only be read")];

/// What is not text cannot be executed.
pub const CODE: &[Fault] = &[
    ("execute-data", 107, "what is there cannot be executed"),
    ("execute-heap", 107, "what is there cannot be executed"),
    ("execute-stack", 107, "what is there cannot be executed"),
    ("execute-constant", 107, "what is there cannot be executed"),
];

/// There is nothing at null.
pub const NULL: &[Fault] = &[
    ("read-null", 104, "a null pointer"),
    ("write-null", 104, "a null pointer"),
    ("call-null", 107, "what is there cannot be executed"),
];

/// A stack ends in a page that is not there.
pub const STACK: &[Fault] = &[("overflow-stack", 105, "the stack is used up")];

/// Instructions of ring 0 are refused.
pub const PRIVILEGED: &[Fault] = &[
    ("halt", 108, "a privileged instruction"),
    ("disable-interrupts", 108, "a privileged instruction"),
    ("load-tables", 108, "a privileged instruction"),
    ("write-protection", 108, "a privileged instruction"),
    ("write-register", 108, "a privileged instruction"),
    ("port", 108, "a privileged instruction"),
    ("system-call", 108, "a privileged instruction"),
];

/// The shim is out of reach.
pub const SHIM: &[Fault] = &[
    ("read-shim", 109, "the shim's memory is out of reach"),
    ("write-shim", 109, "the shim's memory is out of reach"),
    ("execute-shim", 109, "the shim's memory is out of reach"),
    ("read-tables", 109, "the shim's memory is out of reach"),
    ("read-nothing", 103, "there is no memory there"),
];

/// Other exceptions are reported too.
pub const OTHERS: &[Fault] = &[
    ("abort", 103, "an instruction that does not exist"),
    ("divide", 103, "division by zero"),
    ("call-nothing", 103, "an instruction that does not exist"),
];

/// Calls of the shim's that do no more than they should.
pub const CALLS: &[&str] =
    &["call-map-memory", "call-map-controller", "call-port", "call-route", "call-register", "call-seal"];

/// Sees that an attempt has ended in this fault, and in one report that says so.
pub fn ended_in(fault: &Fault, ended: i32, report: &str) {
    let (what, status, words) = fault;
    assert_eq!(ended, *status, "{what}: {report}");
    assert!(report.starts_with(&format!("fault: {words}")), "{what}: {report}");
    assert_eq!(report.matches("fault:").count(), 1, "{what}: {report}");
    assert!(report.contains("\n  rip 0x"), "{what}: {report}");
    assert!(report.contains("\n  at 0x"), "{what}: {report}");
}

/// Sees that an attempt was refused, and nothing has happened.
pub fn was_refused(what: &str, ended: i32, report: &str) {
    assert_eq!((ended, report.lines().count()), (1, 1), "{what}: {report}");
    assert!(report.contains("nothing has stopped it"), "{what}: {report}");
}
