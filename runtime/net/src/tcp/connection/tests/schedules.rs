//! Random schedules: every octet once and in order, or both ends see the failure; and how fast losses are repaired.

use core::time::Duration;

use proptest::prelude::*;

use super::network::{Network, Weather};
use super::script::{Script, from_peer};
use crate::Error;
use crate::tcp::connection::{Config, Connection};

fn weather() -> impl Strategy<Value = Weather> {
    (0u32..2000, 0u32..1000, 0u64..20_000, 0u64..20_000, prop_oneof![Just(0u32), Just(64_000)]).prop_map(
        |(loss, twice, delay, jitter, segment_most)| Weather {
            loss,
            twice,
            delay: Duration::from_micros(delay),
            jitter: Duration::from_micros(jitter),
            late: 0,
            lateness: Duration::ZERO,
            segment_most,
            rate: None,
            dies: None,
        },
    )
}

fn config() -> impl Strategy<Value = Config> {
    (any::<bool>(), any::<bool>(), 2000usize..300_000).prop_map(|(nagle, cubic, receive_most)| Config {
        nagle,
        cubic,
        receive_most,
        user_timeout: Duration::from_secs(600),
        ..Config::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_octet_arrives_once_and_in_order(
        seed in any::<u64>(),
        weather in weather(),
        configs in [config(), config()],
        lengths in [0u32..200_000, 0u32..200_000],
        pace in 1u64..60_000,
    ) {
        let mut network = Network::new(seed, weather, configs, lengths);
        network.run(Some(pace));
        for index in 0..2 {
            let end = &network.ends[index];
            let other = &network.ends[1 - index];
            // The last acknowledgment may get lost, and a peer in TIME-WAIT is not simulated past this.
            let failed = end.connection.error().is_some() && other.connection.error().is_some();
            prop_assert!(failed || end.received == lengths[1 - index], "{} of {}", end.received, lengths[1 - index]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// RFC 9293, 3.8.3 and 3.8.4: a network that breaks for good is noticed by both ends, whatever they were doing.
    #[test]
    fn a_dead_network_is_noticed_by_both(
        seed in any::<u64>(),
        weather in weather(),
        config in config(),
        lengths in [0u32..200_000, 0u32..200_000],
        dies in 0u64..500,
    ) {
        let (dies, timeout) = (Some(Duration::from_millis(dies)), Duration::from_secs(20));
        let config = Config { user_timeout: timeout, keep_alive: Some(Duration::from_secs(5)), ..config };
        let mut network = Network::new(seed, Weather { dies, ..weather }, [config; 2], lengths);
        network.run(Some(5000));
        for index in 0..2 {
            let end = &network.ends[index];
            let all = end.received == lengths[1 - index];
            prop_assert!(all || end.connection.error() == Some(Error::TimedOut), "{:?}", end.connection.error());
        }
    }
}

fn bulk(seed: u64, weather: Weather, length: u32) -> (Network, Duration) {
    let config = Config::default();
    let mut network = Network::new(seed, weather, [config; 2], [length, 0]);
    let start = network.now;
    network.run(None);
    assert_eq!(network.ends[1].received, length);
    let took = network.now.since(start);
    (network, took)
}

const CLEAR: Weather = Weather {
    loss: 0,
    twice: 0,
    delay: Duration::from_millis(5),
    jitter: Duration::ZERO,
    late: 0,
    lateness: Duration::ZERO,
    segment_most: 0,
    rate: None,
    dies: None,
};

/// RFC 5681, 3.1: without loss, the window doubles every round trip.
#[test]
fn slow_start_doubles() {
    let (_, took) = bulk(1, CLEAR, 1 << 20);
    // 10 + 20 + 40 + … 640 segments in seven round trips of 10 ms, the handshake and the end.
    assert!(took < Duration::from_millis(150), "{took:?}");
}

/// RFC 8985: losing one segment in a hundred costs round trips, not time-outs.
#[test]
fn one_percent_of_loss_costs_round_trips_only() {
    for seed in 0..5 {
        let (network, took) = bulk(seed, Weather { loss: 100, ..CLEAR }, 8 << 20);
        assert!(network.lost > 40, "{}", network.lost);
        // At this loss, a window of 1.22 / sqrt(0.01) = 12 segments is what there is (RFC 9438, 5.1): 8 MiB are 5,800 of
        // them, so 4.8 s. Every time-out would cost 0.2 s.
        assert!(took < Duration::from_millis(6000), "seed {seed}: {took:?}");
    }
}

/// RFC 8985, 6.2: reordering by less than a round trip does not slow a sender down as losses do.
#[test]
fn reordering_is_borne() {
    let (_, took) = bulk(3, Weather { jitter: Duration::from_millis(2), ..CLEAR }, 8 << 20);
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

/// RFC 3708: octets that are late by more than a round trip are sent again, for nothing; once the peer has said so, the
/// window is what it was, also when more were late meanwhile.
#[test]
fn what_is_late_by_more_than_a_round_trip_is_borne() {
    let late = Weather { late: 200, lateness: Duration::from_millis(3), ..CLEAR };
    let weather = Weather { delay: Duration::from_millis(1), rate: Some((200_000_000, 750_000)), ..late };
    for seed in 0..3 {
        let (network, took) = bulk(seed, weather, 32 << 20);
        assert_eq!(network.lost, 0);
        // At most 0.2 s would do without lateness; the window fell for good, it took 0.9 s and more.
        assert!(took < Duration::from_millis(800), "seed {seed}: {took:?}");
    }
}

/// RFC 9438: a bottleneck with a queue is kept busy.
#[test]
fn a_bottleneck_is_kept_busy() {
    // 100 Mbit/s, a queue of one product of bandwidth and delay.
    let rate = Some((12_500_000, 125_000));
    let (network, took) = bulk(4, Weather { rate, ..CLEAR }, 32 << 20);
    let ideal = Duration::from_secs_f64(f64::from(32 << 20) / 12_500_000.0);
    assert!(took < ideal * 5 / 4, "{took:?} for {ideal:?}, {} of {} lost", network.lost, network.carried);
}

/// An idle connection is small, and holds no buffers.
#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Connection>() <= 448, "{} bytes", size_of::<Connection>());
    let mut script = Script::established();
    script.write(100).peer(from_peer(1, 101), 100);
    assert_eq!(script.connection.pool().spare(), 0, "what was acknowledged made room for what came");
    script.read();
    assert_eq!(script.connection.pool().spare(), 1);
}
