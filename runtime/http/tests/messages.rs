//! Heads and bodies: what is taken and what is refused, by the sections of RFC 9110 and RFC 9112.

#[allow(dead_code, reason = "each test uses its part of it")]
mod check;

use std::convert::Infallible;

use check::{Pieces, now, read_body};
use mirage_http::{Compose, Error, Framing, Head, Limits, Version, fields};

/// What there is to know of a request: method, target, version, fields, framing, body, and what follows it.
type Taken = (String, String, Version, Vec<(String, Vec<u8>)>, Framing, Vec<u8>, Vec<u8>);

fn request(bytes: &[u8]) -> Result<Option<Taken>, Error<Infallible>> {
    let (mut stream, mut head) = (Pieces::whole(bytes), Head::default());
    let Some(head) = now(head.request(&mut stream, &Limits::default()))? else { return Ok(None) };
    let framing = Framing::of_request(head)?;
    let body = now(read_body(&mut stream, framing))?;
    let fields = head.fields().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
    Ok(Some((
        head.method().to_owned(),
        head.target().to_owned(),
        head.version(),
        fields,
        framing,
        body,
        stream.rest().to_vec(),
    )))
}

fn refused(bytes: &str) -> Error<Infallible> {
    request(bytes.as_bytes()).expect_err("it is no request")
}

#[test]
fn a_request_and_what_follows_it() {
    let bytes = b"\r\nPOST /a?b HTTP/1.1\r\nHost:  a \r\nContent-Length: 3\r\n\r\nabcGET";
    let (method, target, version, fields, framing, body, rest) = request(bytes).unwrap().unwrap();
    assert_eq!((method.as_str(), target.as_str(), version), ("POST", "/a?b", Version::Http11));
    assert_eq!(fields, [("Host".into(), b"a".to_vec()), ("Content-Length".into(), b"3".to_vec())]);
    assert_eq!((framing, body.as_slice(), rest.as_slice()), (Framing::Length(3), &b"abc"[..], &b"GET"[..]));
}

#[test]
fn an_end_before_the_beginning_is_none_and_later_it_is_an_error() {
    assert_eq!(request(b""), Ok(None));
    assert_eq!(request(b"\r\n\r\n"), Ok(None));
    assert_eq!(refused("GET / HT"), Error::Truncated);
    assert_eq!(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"), Error::Truncated);
}

#[test]
fn rfc_9112_2_2_lines_end_in_crlf_only() {
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\0\r\n\r\n",
    ] {
        assert_eq!(refused(head), Error::Malformed, "{head:?}");
    }
}

#[test]
fn rfc_9112_5_1_no_space_before_a_colon_and_no_folding() {
    assert_eq!(refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), Error::Malformed);
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), Error::Malformed);
    assert_eq!(refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), Error::Malformed);
}

#[test]
fn rfc_9112_3_2_one_host_and_a_possible_one() {
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), Error::Host);
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), Error::Host);
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), Error::Host);
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), Error::Host);
    assert!(request(b"GET / HTTP/1.0\r\n\r\n").is_ok());
    assert!(request(b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").is_ok());
}

#[test]
fn rfc_9112_2_3_other_versions_are_refused() {
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1"] {
        let error = refused(&format!("GET / {version}\r\nHost: a\r\n\r\n"));
        assert!(matches!(error, Error::Version | Error::Malformed), "{version}: {error:?}");
    }
}

#[test]
fn rfc_9112_6_3_a_length_is_one_number() {
    for length in ["", "+1", "-1", "1 1", "1,1", "0x1", "1.0", "99999999999999999999999"] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(refused(&head), Error::Length, "{length}");
    }
    let twice = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(refused(twice), Error::Length);
}

#[test]
fn rfc_9112_6_1_chunked_alone_and_never_beside_a_length() {
    let head = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n");
    assert_eq!(refused(&head("Transfer-Encoding: chunked\r\nContent-Length: 5")), Error::Length);
    assert_eq!(refused(&head("Transfer-Encoding: gzip, chunked")), Error::TransferCoding);
    assert_eq!(refused(&head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")), Error::TransferCoding);
    assert_eq!(refused(&head("Transfer-Encoding:")), Error::TransferCoding);
    assert_eq!(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), Error::Length);
    assert!(request(head("Transfer-Encoding: CHUNKED").as_bytes()).is_ok());
}

#[test]
fn rfc_9112_7_1_chunks() {
    let taken = |body: &str| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        request(format!("{head}{body}").as_bytes()).map(|taken| {
            let (.., body, rest) = taken.unwrap();
            (String::from_utf8(body).unwrap(), String::from_utf8(rest).unwrap())
        })
    };
    assert_eq!(
        taken("3\r\nabc\r\nA ; x=\"y\"\r\n0123456789\r\n0\r\n\r\nnext"),
        Ok(("abc0123456789".into(), "next".into()))
    );
    assert_eq!(taken("0;last\r\nTrailer: 1\r\n\r\n"), Ok((String::new(), String::new())));
    for wrong in [
        "\r\n",
        "x\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "-1\r\n",
        " 3\r\nabc\r\n",
        "10000000000000000\r\n",
        "3 3\r\nabc\r\n",
        "0x3\r\nabc\r\n",
    ] {
        assert_eq!(taken(wrong), Err(Error::Chunk), "{wrong:?}");
    }
    assert_eq!(taken(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(5000))), Err(Error::Chunk));
    assert_eq!(taken(&format!("0\r\n{}\r\n", "X: 1\r\n".repeat(2000))), Err(Error::HeadTooLarge));
    assert_eq!(taken("3\r\nab"), Err(Error::Truncated));
}

#[test]
fn a_head_is_bounded_in_size_and_in_fields() {
    let with = |field: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n");
    let just = with(&format!("X: {}\r\n", "x".repeat(Limits::default().head - with("X: \r\n").len())));
    assert_eq!(just.len(), Limits::default().head);
    assert!(request(just.as_bytes()).is_ok());
    assert_eq!(refused(&just.replacen("X: ", "X: x", 1)), Error::HeadTooLarge);
    assert!(request(with(&"X: 1\r\n".repeat(99)).as_bytes()).is_ok());
    assert_eq!(refused(&with(&"X: 1\r\n".repeat(100))), Error::HeadTooLarge);
    assert_eq!(refused(&"x".repeat(100_000)), Error::HeadTooLarge);
}

#[test]
fn rfc_9110_7_6_1_what_a_proxy_passes_on() {
    let bytes =
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-One\r\nX-One: 1\r\nTE: trailers\r\nX-Two: 2\r\n\r\n";
    let mut head = Head::default();
    let head = now(head.request(&mut Pieces::whole(bytes), &Limits::default())).unwrap().unwrap();
    let names: Vec<&str> = fields::forwarded(head).map(|(name, _)| name).collect();
    assert_eq!(names, ["Host", "X-Two"]);
    assert!(!head.keeps_alive() && head.lists("CONNECTION", "x-one"));
}

#[test]
fn what_is_composed_stays_in_its_line() {
    let mut bytes = Vec::new();
    let mut head = Compose::response(&mut bytes, 200);
    head.field("X", "a\r\nSet-Cookie: b\0").framing(Framing::Length(10)).end();
    assert_eq!(bytes, b"HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b \r\nContent-Length: 10\r\n\r\n");
}

#[test]
fn what_ends_a_line_is_found_wherever_it_is() {
    for length in 1..20 {
        for (at, byte) in (0..length).flat_map(|at| [0, b'\n', b'\r', b'\t', 0x80].map(|byte| (at, byte))) {
            let (mut value, mut bytes) = (vec![b'a'; length], Vec::new());
            value[at] = byte;
            Compose::response(&mut bytes, 200).field("X", &value).end();
            // A tab, and what is no text, end nothing.
            value[at] = if matches!(byte, 0 | b'\n' | b'\r') { b' ' } else { byte };
            assert_eq!(bytes, [b"HTTP/1.1 200 OK\r\nX: ", &value[..], b"\r\n\r\n"].concat());
        }
    }
}
