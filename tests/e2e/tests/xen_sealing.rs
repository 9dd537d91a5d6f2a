//! What an image is sealed by on Xen: the same attempts as on other machines, each in a domain of its own, and each ends
//! in the same report and status.

use std::path::{Path, PathBuf};

use mirage_e2e::Project;
use mirage_e2e::sealing::{CALLS, FAULTS, ended_in, was_refused};
use mirage_e2e::xen::Dom0;

/// Lets the image try something; returns its status and what it said afterwards.
fn attempt(dom0: &Dom0, image: &Path, what: &str) -> (i32, String) {
    let death = dom0.create("sealing", image, &["--attempt", what], "").ended();
    let status = death.status.unwrap_or_else(|| panic!("{what}: {death:?}\n{}", dom0.log()));
    // Xen and its toolstack see a crash in every end that no unikernel means.
    assert_eq!(death.reason, Some(if status < 99 { 0 } else { 3 }), "{what}: {death:?}");
    let rest = death.console.strip_prefix(&format!("trying {what}\n"));
    (status, rest.unwrap_or_else(|| panic!("{what}: {death:?}")).to_owned())
}

#[test]
fn every_attempt_ends_on_xen_as_elsewhere() {
    let Some(dom0) = Dom0::boot("sealing on Xen", &[]) else { return };
    let project = Project::fixture("sealing");
    project.call(&["build", "-t", "xen"]).ends_with(0);
    let image = PathBuf::from(project.call(&["query", "image"]).ends_with(0).out.trim());
    for fault in FAULTS.iter().copied().flatten() {
        let (ended, report) = attempt(&dom0, &image, fault.0);
        ended_in(fault, ended, &report);
    }
    for what in CALLS {
        let (status, report) = attempt(&dom0, &image, what);
        was_refused(what, status, &report);
    }
    let (status, report) = attempt(&dom0, &image, "panic");
    assert_eq!(status, 101, "{report}");
    assert!(report.contains("as it was told"), "{report}");
    let (status, report) = attempt(&dom0, &image, "exhaust-memory");
    assert_eq!(status, 102, "{report}");
}
