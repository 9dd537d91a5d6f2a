//! What holds for any message, tried on many.

#[allow(dead_code, reason = "each test uses its part of it")]
mod check;

use check::{Pieces, chunked, now, read_body, read_requests};
use mirage_http::{Framing, Head, Limits, fields};
use proptest::prelude::*;

/// Parts that messages are made of, right and wrong.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "GET / HTTP/1.1\r\n",
        "POST /a?b HTTP/1.1\r\n",
        "HEAD * HTTP/1.0\r\n",
        "PUT / HTTP/2.0\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204\r\n",
        "HTTP/1.0 304 x\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Host: a\r\n",
        "Host:\r\n",
        "host : a\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "transfer-encoding:\tCHUNKED \r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        " folded\r\n",
        ": x\r\n",
        "X:\r\n",
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "\0",
        "hello",
        "5\r\nhello\r\n",
        "0\r\n",
        "0\r\n\r\n",
        "5;a=b\r\nhello\r\n",
        "5 ;x\r\n",
        " 5;x\r\n",
        "fffffffffffffffff\r\n",
        "0005\r\n",
        "X: trailer\r\n",
        ";",
        " ",
        "\t",
    ];
    prop_oneof![
        9 => prop::sample::select(parts.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(part(), 0..24).prop_map(|parts| parts.concat())
}

/// A request that is right, and its body.
fn request() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let names = prop::collection::vec(("[a-zA-Z][a-zA-Z0-9-]{0,10}", "[!-~]([ -~]{0,30}[!-~])?"), 0..10);
    let body = prop::collection::vec(any::<u8>(), 0..200);
    ("[A-Z]{1,8}", "/[!-~]{0,30}", names, body, any::<Option<u8>>()).prop_map(
        |(method, target, names, body, chunks)| {
            let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: example\r\n");
            for (name, value) in names {
                if !["host", "content-length", "transfer-encoding"].contains(&&*name.to_ascii_lowercase()) {
                    bytes += &format!("{name}: {value}\r\n");
                }
            }
            let coded = match chunks {
                Some(seed) => {
                    bytes += "Transfer-Encoding: chunked\r\n\r\n";
                    chunked(&body, seed.into())
                }
                None => {
                    bytes += &format!("Content-Length: {}\r\n\r\n", body.len());
                    body.clone()
                }
            };
            ([bytes.into_bytes(), coded].concat(), body)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check::requests(&bytes);
        check::responses(&bytes);
        check::chunks(&bytes);
    }

    #[test]
    fn near_misses_are_read_alike_in_any_pieces(bytes in soup()) {
        check::requests(&bytes);
        check::responses(&bytes);
        check::chunks(&bytes);
    }

    #[test]
    fn requests_that_follow_each_other_are_told_apart(requests in prop::collection::vec(request(), 1..5), seed: u64) {
        let stream = requests.iter().flat_map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>();
        let (messages, error) = read_requests(Pieces::new(&stream, 50, seed));
        prop_assert_eq!(error, None);
        let bodies = messages.into_iter().map(|message| message.body).collect::<Vec<_>>();
        prop_assert_eq!(bodies, requests.into_iter().map(|(_, body)| body).collect::<Vec<_>>());
    }

    #[test]
    fn chunks_come_back_as_they_were(data in prop::collection::vec(any::<u8>(), 0..2000), size: usize, seed: u64) {
        let coded = chunked(&data, size);
        let mut stream = Pieces::new(&coded, 100, seed);
        prop_assert_eq!(now(read_body(&mut stream, Framing::Chunked)), Ok(data));
    }

    #[test]
    fn a_field_the_connection_names_stays_on_it(name in "[a-zA-Z][a-zA-Z0-9-]{0,12}", other in "x-[a-z]{1,8}") {
        prop_assume!(!name.eq_ignore_ascii_case(&other));
        let bytes = format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{name}: 1\r\nConnection: keep-alive , {}\r\n{other}: 2\r\n\r\n",
            name.to_ascii_uppercase(),
        );
        let mut head = Head::default();
        if let Ok(Some(head)) = now(head.request(&mut Pieces::new(bytes.as_bytes(), 9, 1), &Limits::default())) {
            let kept = fields::forwarded(head).map(|(name, _)| name).collect::<Vec<_>>();
            prop_assert!(kept.contains(&&*other), "{:?}", kept);
            prop_assert!(!kept.iter().any(|kept| kept.eq_ignore_ascii_case(&name)), "{:?}", kept);
        }
    }
}
