//! TCP through weather nobody thought of: random conditions, interfaces and lengths (proptest). A failing case is
//! printed with the seed that repeats it.

use std::ops::RangeInclusive;
use std::time::Duration;

use mirage::Offloads;
use mirage_test::{Conditions, Options, World, run};
use proptest::prelude::*;

use crate::exchange::{at_once, both_ways};
use crate::peer::Peer;
use crate::tcp::ours;
use crate::{HERE, THERE};

/// What one run is made of.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    there: Conditions,
    back: Conditions,
    mtu: usize,
    offloads: [Offloads; 2],
    length: usize,
    at_once: bool,
}

fn duration(micros: RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    micros.prop_map(Duration::from_micros)
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let trouble = || prop_oneof![2 => Just(0.0), 3 => 0.0..0.08];
    let delay = (duration(0..=30_000), duration(0..=20_000)).prop_map(|(least, more)| least..=least + more);
    let lateness = (duration(1..=5_000), duration(0..=50_000)).prop_map(|(least, more)| least..=least + more);
    let rate = prop_oneof![2 => Just(None), 1 => (50_000_u64..20_000_000).prop_map(Some)];
    (delay, trouble(), trouble(), trouble(), trouble(), lateness, rate, 4_000_usize..200_000).prop_map(
        |(delay, loss, duplication, corruption, reordering, lateness, rate, queue)| Conditions {
            delay,
            loss,
            duplication,
            corruption,
            reordering,
            lateness,
            rate,
            queue,
        },
    )
}

fn offloads() -> impl Strategy<Value = Offloads> {
    any::<(bool, bool)>().prop_map(|(checksum, segment)| Offloads {
        checksum,
        segment_v4: checksum && segment,
        segment_v6: checksum && segment,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let length = prop_oneof![0_usize..3_000, 0_usize..150_000];
    let mtu = prop_oneof![Just(1500), 576_usize..=9000];
    (any::<u64>(), conditions(), conditions(), mtu, [offloads(), offloads()], length, any::<bool>()).prop_map(
        |(seed, there, back, mtu, offloads, length, at_once)| Case {
            seed,
            there,
            back,
            mtu,
            offloads,
            length,
            at_once,
        },
    )
}

/// Who talks to whom.
#[derive(Clone, Copy)]
enum Who {
    Ourselves,
    ToSmoltcp,
    FromSmoltcp,
}

fn survives(who: Who, case: Case) {
    run(Options { name: "random", seed: Some(case.seed) }, |world| survive(world, who, case));
}

async fn survive(world: World, who: Who, case: Case) {
    let wire = world.wire();
    wire.mtu(case.mtu);
    let [a, b] = case.offloads;
    let plain = Offloads::default();
    // smoltcp knows no offloads.
    let [a, b] = match who {
        Who::Ourselves => [a, b],
        Who::ToSmoltcp => [a, plain],
        Who::FromSmoltcp => [plain, b],
    };
    let (here, there) = (wire.port_with(a), wire.port_with(b));
    here.line().receiving(case.back);
    there.line().receiving(case.there);
    macro_rules! exchange {
        ($client:expr, $server:expr) => {
            if case.at_once {
                at_once(&world, $client, $server, case.length).await;
            } else {
                both_ways(&world, $client, $server, case.length).await;
            }
        };
    }
    match who {
        Who::Ourselves => exchange!(ours(&world, here, HERE).await, ours(&world, there, THERE).await),
        Who::ToSmoltcp => exchange!(ours(&world, here, HERE).await, Peer::new(&world, there, THERE)),
        Who::FromSmoltcp => exchange!(Peer::new(&world, here, HERE), ours(&world, there, THERE).await),
    };
}

/// An eighth of the usual cases, or of `PROPTEST_CASES`: each is many thousand packets.
fn few() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases / 8, max_shrink_iters: 200, ..usual }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn every_byte_once_and_in_order(case in case()) {
        survives(Who::Ourselves, case);
    }

    #[test]
    fn every_byte_once_and_in_order_to_smoltcp(case in case()) {
        survives(Who::ToSmoltcp, case);
    }

    #[test]
    fn every_byte_once_and_in_order_from_smoltcp(case in case()) {
        survives(Who::FromSmoltcp, case);
    }
}
