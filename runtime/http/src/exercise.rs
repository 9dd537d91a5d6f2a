//! Everything that can be done with bytes from a peer, for the fuzz target and for the test that replays its corpus.
#![doc(hidden)]

use alloc::vec::Vec;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io_async::BufRead;

use crate::{Body, Framing, Head, Limits, fields};

/// Reads messages from bytes until one is wrong or there are no more: requests if the first bit is set, responses
/// otherwise. Returns how many bytes of bodies there were.
pub fn messages(bytes: &[u8]) -> usize {
    let Some((kind, mut rest)) = bytes.split_first() else { return 0 };
    let mut context = Context::from_waker(Waker::noop());
    match pin!(read(kind & 1 == 1, &mut rest)).poll(&mut context) {
        Poll::Ready(length) => length,
        Poll::Pending => 0,
    }
}

async fn read(requests: bool, mut stream: &mut &[u8]) -> usize {
    let (mut head, mut total, limits) = (Head::default(), 0, Limits::default());
    loop {
        let framing = if requests {
            let Ok(Some(head)) = head.request(&mut stream, &limits).await else { return total };
            Framing::of_request::<()>(head)
        } else {
            let Ok(head) = head.response(&mut stream, &limits).await else { return total };
            Framing::of_response::<()>(head, "GET")
        };
        let names: Vec<&str> = fields::forwarded(&head).map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| !name.eq_ignore_ascii_case("connection")), "a field of the connection");
        let Ok(framing) = framing else { return total };
        let mut body = Body::new(framing);
        loop {
            let before = stream.len();
            let Ok(piece) = body.fill(&mut stream).await else { return total };
            if piece.is_empty() {
                break;
            }
            let length = piece.len();
            assert!(length <= before, "more than there is");
            body.consume(&mut stream, length);
            total += length;
        }
        if stream.fill_buf().await.is_ok_and(<[u8]>::is_empty) {
            return total;
        }
    }
}
