//! The tap device against this host's kernel, in a network namespace that ends with the test: `unshare` starts the
//! test anew inside of one, as root or as a user that may have one.

mod frames;
mod kernel;
mod refusals;

use std::process::{Command, ExitCode};
use std::time::Duration;

use mirage::Time as _;
use mirage::args::{Boot, Group, Interface, Microseconds};
use mirage::plumbing::{Failure, FailureKind};
use mirage_unix::{Platform, Tap, TapError, Time};

const GROUPS: &[Group] = &[Group::new::<Boot>(Platform::BOOT)];

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--inside") => inside(),
        Some("--unprivileged") => unprivileged(),
        _ => outside(),
    }
}

/// What a namespace of its own takes here; none if there can be none.
fn namespace() -> Option<Vec<&'static str>> {
    let ways = [vec!["--net"], vec!["--user", "--map-root-user", "--net"]];
    let works = |way: &Vec<&str>| {
        let enough = "ip tuntap add dev probe mode tap && exec 3<>/dev/net/tun";
        let probe = Command::new("unshare").args(way).args(["sh", "-c", enough]).output();
        probe.is_ok_and(|probe| probe.status.success())
    };
    ways.into_iter().find(works)
}

fn outside() -> ExitCode {
    let Some(namespace) = namespace() else {
        eprintln!("skipped: tap: it takes `ip`, /dev/net/tun, and root or a user namespace; not all of it is here");
        return ExitCode::SUCCESS;
    };
    let this = std::env::current_exe().expect("this test is a file");
    let status =
        Command::new("unshare").args(namespace).arg(this).arg("--inside").status().expect("it did a moment ago");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn inside() -> ExitCode {
    run(async |platform| {
        println!("test names_and_addresses_no_interface_can_have_are_refused ...");
        refusals::names_and_addresses_no_interface_can_have_are_refused(&platform).await;
        println!("test interfaces_that_are_something_else_or_in_use_are_refused ...");
        refusals::interfaces_that_are_something_else_or_in_use_are_refused(&platform).await;
        println!("test without_rights_each_refusal_says_what_gives_them ...");
        refusals::without_rights_each_refusal_says_what_gives_them();
        println!("test datagrams_go_both_ways_with_checksums_left_to_the_kernel ...");
        kernel::datagrams_go_both_ways_with_checksums_left_to_the_kernel(&platform).await;
        println!("test segments_are_cut_and_put_together_by_the_kernel ...");
        kernel::segments_are_cut_and_put_together_by_the_kernel(&platform).await;
        println!("test without_offloads_frames_are_as_a_wire_carries_them ...");
        kernel::without_offloads_frames_are_as_a_wire_carries_them(&platform).await;
        println!("test a_batch_has_no_more_frames_than_were_asked_for ...");
        kernel::a_batch_has_no_more_frames_than_were_asked_for(&platform).await;
        println!("test an_interface_that_is_down_loses_frames_and_works_again_when_it_is_up ...");
        kernel::an_interface_that_is_down_loses_frames_and_works_again_when_it_is_up(&platform).await;
        println!("test an_interface_that_is_deleted_is_gone ...");
        kernel::an_interface_that_is_deleted_is_gone(&platform).await;
        println!("test what_was_seen_is_recorded ...");
        kernel::what_was_seen_is_recorded(&platform).await;
        println!("test after_a_frame_the_loop_looks_on_for_as_long_as_it_is_told ...");
        kernel::after_a_frame_the_loop_looks_on_for_as_long_as_it_is_told(&platform).await;
        println!("11 passed, 0 failed");
    })
}

fn unprivileged() -> ExitCode {
    run(async |platform| refusals::unprivileged(&platform).await)
}

fn run(test: impl AsyncFnOnce(Platform) + 'static) -> ExitCode {
    mirage_unix::run_words("tap", GROUPS, [], async move |platform: Platform| {
        let time = Time::connect(&platform).await.expect("time");
        time.timeout(PATIENCE, test(platform))
            .await
            .map_err(|error| Failure::new(FailureKind::Job, "tap", "here", error.to_string()))
    })
}

/// The arguments for an interface of this name.
fn interface(name: &str) -> Interface {
    let poll = Microseconds(Duration::from_micros(50));
    Interface { interface: name.to_owned(), mac: None, poll, no_offloads: false, pcap: None }
}

async fn open(platform: &Platform, name: &str) -> Result<Tap, TapError> {
    Tap::connect(platform, interface(name)).await
}

/// Runs `ip` with these words.
#[track_caller]
fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("`ip` was there a moment ago");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}
