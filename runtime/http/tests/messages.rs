//! Heads and bodies over a stream that comes in any pieces: what is taken, what is refused, and that nothing panics.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mirage::io::{BufRead, ErrorType, Read};
use mirage_http::{Body, Compose, Error, Framing, Head, Limits, Version, fields};
use proptest::prelude::*;

/// Bytes that come in pieces of the sizes given, the rest at once.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: &'a [usize],
    piece: usize,
}

impl<'a> Pieces<'a> {
    fn new(bytes: &'a [u8], sizes: &'a [usize]) -> Self {
        Self { bytes, sizes, piece: 0 }
    }
}

impl ErrorType for Pieces<'_> {
    type Error = Infallible;
}

impl Read for Pieces<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        let piece = self.fill_buf().await?;
        let length = piece.len().min(into.len());
        into[..length].copy_from_slice(&piece[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Pieces<'_> {
    async fn fill_buf(&mut self) -> Result<&[u8], Infallible> {
        if self.piece == 0 {
            let size = self.sizes.split_first().map_or(usize::MAX, |(size, rest)| {
                self.sizes = rest;
                (*size).max(1)
            });
            self.piece = size.min(self.bytes.len());
        }
        Ok(&self.bytes[..self.piece])
    }

    fn consume(&mut self, length: usize) {
        self.bytes = &self.bytes[length..];
        self.piece -= length;
    }
}

/// Runs what never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("bytes in memory never make anybody wait"),
    }
}

/// What there is to know of a request: method, target, version, fields, framing, body, and what follows it.
type Taken = (String, String, Version, Vec<(String, Vec<u8>)>, Framing, Vec<u8>, Vec<u8>);

fn request(bytes: &[u8], sizes: &[usize]) -> Result<Option<Taken>, Error<Infallible>> {
    let (mut stream, mut head) = (Pieces::new(bytes, sizes), Head::default());
    let Some(head) = now(head.request(&mut stream, &Limits::default()))? else { return Ok(None) };
    let framing = Framing::of_request(head)?;
    let body = body(framing, &mut stream)?;
    let fields = head.fields().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
    Ok(Some((
        head.method().to_owned(),
        head.target().to_owned(),
        head.version(),
        fields,
        framing,
        body,
        stream.bytes.to_vec(),
    )))
}

fn body(framing: Framing, stream: &mut Pieces<'_>) -> Result<Vec<u8>, Error<Infallible>> {
    let (mut body, mut all) = (Body::new(framing), Vec::new());
    loop {
        let piece = now(body.fill(stream))?;
        if piece.is_empty() {
            assert!(body.is_done());
            return Ok(all);
        }
        all.extend_from_slice(piece);
        let length = piece.len();
        body.consume(stream, length);
    }
}

fn refused(bytes: &str) -> Error<Infallible> {
    request(bytes.as_bytes(), &[]).expect_err("it is no request")
}

#[test]
fn a_request_and_what_follows_it() {
    let bytes = b"\r\nPOST /a?b HTTP/1.1\r\nHost:  a \r\nContent-Length: 3\r\n\r\nabcGET";
    let (method, target, version, fields, framing, body, rest) = request(bytes, &[]).unwrap().unwrap();
    assert_eq!((method.as_str(), target.as_str(), version), ("POST", "/a?b", Version::Http11));
    assert_eq!(fields, [("Host".into(), b"a".to_vec()), ("Content-Length".into(), b"3".to_vec())]);
    assert_eq!((framing, body.as_slice(), rest.as_slice()), (Framing::Length(3), &b"abc"[..], &b"GET"[..]));
}

#[test]
fn an_end_before_the_beginning_is_none_and_later_it_is_an_error() {
    assert_eq!(request(b"", &[]), Ok(None));
    assert_eq!(request(b"\r\n\r\n", &[]), Ok(None));
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
    assert!(request(b"GET / HTTP/1.0\r\n\r\n", &[]).is_ok());
    assert!(request(b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", &[]).is_ok());
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
    assert!(request(head("Transfer-Encoding: CHUNKED").as_bytes(), &[]).is_ok());
}

#[test]
fn rfc_9112_7_1_chunks() {
    let taken = |body: &str| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        request(format!("{head}{body}").as_bytes(), &[]).map(|taken| {
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
    assert!(request(just.as_bytes(), &[]).is_ok());
    assert_eq!(refused(&just.replacen("X: ", "X: x", 1)), Error::HeadTooLarge);
    assert!(request(with(&"X: 1\r\n".repeat(99)).as_bytes(), &[]).is_ok());
    assert_eq!(refused(&with(&"X: 1\r\n".repeat(100))), Error::HeadTooLarge);
    assert_eq!(refused(&"x".repeat(100_000)), Error::HeadTooLarge);
}

#[test]
fn rfc_9110_7_6_1_what_a_proxy_passes_on() {
    let bytes =
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-One\r\nX-One: 1\r\nTE: trailers\r\nX-Two: 2\r\n\r\n";
    let mut head = Head::default();
    let head = now(head.request(&mut Pieces::new(bytes, &[]), &Limits::default())).unwrap().unwrap();
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

/// A request that is one, as its parts and as bytes.
fn sound() -> impl Strategy<Value = (Vec<(String, String)>, Vec<u8>, bool)> {
    let field = ("X-[a-zA-Z0-9-]{1,12}", "[!-~]([ -~]{0,30}[!-~])?");
    (prop::collection::vec(field, 0..8), prop::collection::vec(any::<u8>(), 0..300), any::<bool>())
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        (fields, content, chunked) in sound(),
        sizes in prop::collection::vec(1_usize..40, 0..60),
        chunks in prop::collection::vec(1_usize..50, 1..10),
    ) {
        let mut bytes = Vec::new();
        let mut head = Compose::request(&mut bytes, "PUT", "/x");
        head.field("Host", "a");
        for (name, value) in &fields {
            head.field(name, value);
        }
        let framing = if chunked { Framing::Chunked } else { Framing::Length(content.len() as u64) };
        head.framing(framing).end();
        if chunked {
            let mut rest = content.as_slice();
            for size in chunks.iter().cycle() {
                let (piece, after) = rest.split_at(rest.len().min(*size));
                if piece.is_empty() { break }
                bytes.extend(format!("{:X}\r\n", piece.len()).bytes());
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
                rest = after;
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(&content);
        }
        bytes.extend_from_slice(b"next");
        let whole = request(&bytes, &[]).unwrap().unwrap();
        prop_assert_eq!(&whole.5, &content);
        prop_assert_eq!(&whole.6, b"next");
        prop_assert_eq!(whole.3.len(), fields.len() + 2);
        prop_assert_eq!(request(&bytes, &sizes).unwrap().unwrap(), whole);
    }

    #[test]
    fn no_bytes_are_too_odd(bytes: Vec<u8>, sizes in prop::collection::vec(1_usize..9, 0..30)) {
        prop_assert_eq!(request(&bytes, &[]), request(&bytes, &sizes));
    }

    #[test]
    fn nothing_nearly_right_is_too_odd(
        bytes in "(GET|POST) /[ -~]{0,6} HTTP/1.[012]\r?\n(Host: a\r\n)?([A-Za-z-]{1,17} ?:[ -~]{0,9}\r\n){0,3}\r\n[0-9a-f]{0,2}\r\n[a-z]{0,20}",
        sizes in prop::collection::vec(1_usize..9, 0..30),
    ) {
        prop_assert_eq!(request(bytes.as_bytes(), &[]), request(bytes.as_bytes(), &sizes));
    }
}
