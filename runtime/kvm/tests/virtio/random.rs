//! Whatever a monitor does: random steps, random registers, and the corpora of the fuzz targets.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::chaos::{Outcome, registers, traffic};

/// Steps of a device that keeps to the rules: so they are all of frames.
fn honest() -> impl Strategy<Value = Vec<u8>> {
    let step = (prop_oneof![0..11_u8, Just(15)], 0..16_u8).prop_map(|(step, more)| step | more << 4);
    let step = step.prop_filter("it fails", |&step| step != 15);
    let steps = vec((step, any::<[u8; 2]>()), 0..200);
    (any::<[u8; 2]>(), steps).prop_map(|(head, steps)| {
        let mut bytes = head.to_vec();
        for (step, length) in steps {
            bytes.push(step);
            if step % 16 < 3 || (5..8).contains(&(step % 16)) {
                bytes.extend(length);
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn frames_come_and_go_in_whatever_order_both_sides_look(bytes in honest()) {
        prop_assert!(!traffic(&bytes).found_out);
    }

    #[test]
    fn a_monitor_that_lies_is_found_out_or_does_no_harm(mut bytes in honest(), lies in vec(any::<u8>(), 1..300)) {
        bytes.extend(lies);
        traffic(&bytes);
    }

    #[test]
    fn registers_that_say_anything_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        registers(&bytes);
    }
}

/// Files of a corpus may say in their names what comes of them.
fn replay(folder: &str, run: impl Fn(&[u8]) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(folder);
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in folder.read_dir().expect("a corpus") {
        let path = entry.expect("a file").path();
        println!("{}", path.display());
        let said = run(&std::fs::read(&path).expect("a file"));
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.split_once("--").is_some_and(|(_, expected)| expected != said) {
            wrong.push((name, said));
        }
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
    assert_eq!(wrong, []);
}

#[test]
fn corpus_of_traffic() {
    replay("traffic", |bytes| {
        let Outcome { received, sent, found_out } = traffic(bytes);
        format!("{received}-{sent}-{}", if found_out { "found-out" } else { "well" })
    });
}

#[test]
fn corpus_of_registers() {
    replay("registers", |bytes| registers(bytes).to_string());
}
