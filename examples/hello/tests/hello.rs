//! The application on a console in memory; its four seconds pass at once.

use mirage::Clock as _;
use mirage_test::World;

#[mirage::test]
async fn says_hello_four_times(world: World) {
    hello::start(world.console(), world.time()).await;
    assert_eq!(
        world.console().lines(),
        ["hello", "hello", "hello", "hello", "goodbye"]
    );
    assert_eq!(world.clock().now().as_nanos(), 4_000_000_000);
}
