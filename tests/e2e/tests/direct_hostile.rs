//! Our own stack under floods, slow clients, scans and a bad wire, with Linux's at the other end.

use mirage_e2e::{Direct, Project, peer};

static BULK: Direct = Direct::new(|| Project::fixture("bulk"));

static HTTP: Direct = Direct::new(|| Project::new("http-direct", "http"));

static WIRE: Direct = Direct::bare(|| Project::fixture("wire"));

#[test]
fn a_syn_flood_holds_up_neither_old_clients_nor_new_ones() {
    peer::a_syn_flood_holds_up_neither_old_clients_nor_new_ones(&BULK);
}

#[test]
fn slow_clients_hold_up_nobody() {
    peer::slow_clients_hold_up_nobody(&HTTP);
}

#[test]
fn scans_and_ping_floods_leave_it_serving() {
    peer::scans_and_ping_floods_leave_it_serving(&BULK);
}

#[test]
fn a_wire_that_loses_one_frame_in_a_thousand() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--loss", "10"], 1024);
}

#[test]
fn a_wire_that_loses_one_frame_in_a_hundred() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--loss", "100"], 1024);
}

#[test]
fn a_wire_that_loses_one_frame_in_twenty() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--loss", "500"], 8);
}

#[test]
fn a_wire_on_which_frames_overtake_others() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--reorder", "200", "--latency", "1000"], 1024);
}

#[test]
fn a_wire_that_doubles_frames() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--duplicate", "200"], 1024);
}

#[test]
fn a_wire_of_a_millisecond() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--latency", "1000"], 1024);
}

#[test]
fn a_wire_of_fifty_milliseconds() {
    peer::over_a_bad_wire(&WIRE, &BULK, &["--latency", "50000"], 1024);
}

#[test]
fn a_wire_that_does_all_of_it() {
    peer::over_a_bad_wire(
        &WIRE,
        &BULK,
        &["--loss", "10", "--reorder", "100", "--duplicate", "100", "--latency", "10000"],
        8,
    );
}
