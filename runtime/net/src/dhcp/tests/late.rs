//! Servers that take their time.

use mirage_test::World;
use smoltcp::wire::DhcpMessageType as Type;

use super::super::Event;
use super::script::Script;
use super::server::Reply;

#[mirage::test]
async fn an_offer_that_answers_an_earlier_discover_is_taken(world: World) {
    // RFC 2131, section 4.4.1: of whichever DISCOVER, the xid is the same. A server that looks whether the address is free
    // offers it after 3 s (section 2.2), when the next DISCOVER may just have gone.
    let mut script = Script::new(&world);
    let first = script.broadcasts();
    script.wait();
    assert_eq!(script.now(), Some(Event::Silence(1)));
    let second = script.broadcasts();
    script.hears(&Reply::new(Type::Offer, first.transaction));
    let request = script.broadcasts();
    assert_eq!(
        (request.kind, request.transaction, request.seconds),
        (Type::Request, first.transaction, second.seconds)
    );
    // The answer to the second changes nothing.
    script.hears(&Reply::new(Type::Offer, second.transaction));
    assert_eq!(script.now(), None);
    script.hears(&Reply::new(Type::Ack, request.transaction));
    script.checked();
}
