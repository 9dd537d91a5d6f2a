//! Running a test.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mirage_executor::Executor;

use crate::World;
use crate::wire::Captures;

/// Turns that tasks may take without time going on; past that, one of them goes round in circles.
const TURNS: usize = 10_000_000;

/// A test's name and seed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The test's path, which its seed follows from when none is given.
    pub name: &'static str,
    /// The seed of everything random.
    pub seed: Option<u64>,
}

/// What a test may return.
pub trait TestOutcome {
    /// Fails the test if this is a failure.
    fn check(self);
}

impl TestOutcome for () {
    fn check(self) {}
}

impl<E: Debug> TestOutcome for Result<(), E> {
    fn check(self) {
        if let Err(error) = self {
            panic!("the test failed: {error:?}");
        }
    }
}

/// Runs `test` in a world of its own; what `#[mirage::test]` calls.
///
/// # Panics
/// When the test does, when nothing can happen any more before it is done, and when a task never gives way.
pub fn run<F>(options: Options, test: impl FnOnce(World) -> F)
where
    F: Future<Output: TestOutcome> + 'static,
{
    let seed = seed(options);
    let captures = Captures::new(options.name);
    let _reminder = Reminder { seed, captures: captures.clone() };
    let executor = Executor::new();
    let world = World::new(seed, executor.spawner(), captures);
    let clock = world.clock.clone();
    let mut test = pin!(executor.start(test(world)));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        assert!(!executor.run_ready(TURNS), "a task never waits for anything: {TURNS} turns at {}", now(&clock));
        if let Poll::Ready(outcome) = test.as_mut().poll(&mut context) {
            return outcome.check();
        }
        assert!(
            clock.jump(),
            "the test waits for something that cannot happen any more: every task waits for another, or for a peer \
             that sends nothing, at {}",
            now(&clock)
        );
    }
}

fn now(clock: &crate::Clock) -> String {
    let elapsed = mirage::Clock::now(clock).since(mirage::time::Instant::START);
    format!("{:.3} s", elapsed.as_secs_f64())
}

/// The seed given in the test, or in the environment, or one that follows from the test's name.
fn seed(options: Options) -> u64 {
    let asked = || {
        std::env::var("MIRAGE_TEST_SEED").ok().map(|seed| {
            seed.parse().unwrap_or_else(|_| panic!("MIRAGE_TEST_SEED is a number from 0 to {}, not `{seed}`", u64::MAX))
        })
    };
    options.seed.or_else(asked).unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        options.name.hash(&mut hasher);
        hasher.finish()
    })
}

/// Says how to repeat a test when it fails, and leaves what its wires saw.
struct Reminder {
    seed: u64,
    captures: Captures,
}

impl Drop for Reminder {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        if failed {
            eprintln!("the seed was {0}; MIRAGE_TEST_SEED={0} repeats this run", self.seed);
        }
        self.captures.write(failed);
    }
}
