//! Proxy: handing a request on and its answer back (RFC 9110 §7.6, RFC 9112).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::net::SocketAddr;
use core::pin::pin;
use core::task::Poll;

use mirage::io::BufRead;
use mirage::log;
use mirage::{BufWrite, Flow, Resolver, Tcp, Time};
use mirage_http::{
    Body, Compose, Error, Exchange, Framing, Head, Incoming, Limits, Outgoing, Version, fields,
};

use crate::Host;

/// What an answer is marked with: who may see it changes with every knock.
pub const UNCACHED: [(&str, &[u8]); 3] = [
    ("Cache-Control", b"no-cache, no-store, must-revalidate"),
    ("Pragma", b"no-cache"),
    ("Expires", b"0"),
];

/// The most interim answers a host may give before its answer.
const INTERIM: usize = 16;

/// Hands requests on to other hosts.
#[derive(Clone)]
pub struct Proxy<T: Tcp, R, C> {
    pub tcp: T,
    pub resolver: R,
    pub time: C,
    pub limits: Limits,
}

/// Why there is no answer to hand back.
enum Failure {
    /// The host cannot be reached, or what it says is not HTTP.
    Gateway(String),
    /// The host takes too long.
    TimedOut,
}

/// How far a request has got on its way to the host.
#[derive(Default)]
struct Sent {
    pieces: Cell<usize>,
    all: Cell<bool>,
}

impl<T: Tcp, R: Resolver, C: Time> Proxy<T, R, C> {
    /// Hands a request on to `host`, and its answer back.
    pub async fn forward<F: Flow>(
        &self,
        exchange: &mut Exchange<'_, F, C>,
        host: &Host,
    ) -> Result<(), Error<F::Error>> {
        let status = match self.hand_on(exchange, host).await {
            Ok(()) => return Ok(()),
            Err(Broken::Client(error)) => return Err(error),
            Err(Broken::Refused(status)) => status,
            Err(Broken::Host(failure)) if exchange.outgoing.is_waiting() => {
                log::warn!("{host}: {}", failure.reason());
                if !exchange.incoming.is_done() {
                    exchange.outgoing.close();
                }
                failure.status()
            }
            // The client sees that its answer broke off, since the connection ends without the rest.
            Err(Broken::Host(failure)) => {
                log::warn!("{host}: the answer broke off: {}", failure.reason());
                return Ok(());
            }
        };
        exchange.respond(status, UNCACHED, b"").await
    }

    async fn hand_on<F: Flow>(
        &self,
        exchange: &mut Exchange<'_, F, C>,
        host: &Host,
    ) -> Result<(), Broken<F::Error>> {
        let head = exchange.head();
        let target = origin_form(head).map_err(Broken::Refused)?;
        if max_forwards(head) == Some(0) {
            // The client asks what this proxy can do, not the host (RFC 9110 §7.6.2).
            return Err(Broken::Refused(204));
        }
        let upstream = self.connect(host).await?;
        exchange.accept().await.map_err(Broken::Client)?;
        let (mut reader, mut writer) = upstream.split();
        let request = compose(head, &target, host).map_err(Broken::Client)?;

        // Both at once: a host may answer before it has read the whole request, or as it reads it.
        let sent = Sent::default();
        let incoming = &mut exchange.incoming;
        let upload = self.upload(request, incoming, &mut writer, head, &sent);
        let outgoing = &mut exchange.outgoing;
        let download = self.download(&mut reader, outgoing, head.method(), &sent);
        let (mut upload, mut download) = (pin!(upload), pin!(download));
        core::future::poll_fn(|context| {
            if !sent.all.get()
                && let Poll::Ready(outcome) = upload.as_mut().poll(context)
            {
                sent.all.set(true);
                outcome.map_err(Broken::Client)?;
            }
            download.as_mut().poll(context)
        })
        .await
    }

    /// Connects to the first address of the host that answers.
    async fn connect(&self, host: &Host) -> Result<T::Flow, Failure> {
        let connecting = async {
            let addresses = self
                .resolver
                .resolve(&host.name)
                .await
                .map_err(|error| Failure::Gateway(error.to_string()))?;
            let mut last = Failure::Gateway(String::from("it has no address"));
            for address in addresses {
                match self.tcp.connect(SocketAddr::new(address, host.port)).await {
                    Ok(flow) => return Ok(flow),
                    Err(error) => last = Failure::Gateway(error.to_string()),
                }
            }
            Err(last)
        };
        self.time
            .timeout(self.limits.patience, connecting)
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }

    /// Sends the request: its head, and its body as it comes. A host that takes no more of it may still say why.
    async fn upload<I: BufRead, W: BufWrite>(
        &self,
        request: Vec<u8>,
        incoming: &mut Incoming<'_, I, C>,
        writer: &mut W,
        head: &Head,
        sent: &Sent,
    ) -> Result<(), Error<I::Error>> {
        let chunked = Framing::of_request::<I::Error>(head)? == Framing::Chunked;
        // The host may refuse a body before it comes.
        if !self.send(writer, [&request, b"", b""]).await {
            return Ok(());
        }
        loop {
            let piece = incoming.fill().await?;
            let length = piece.len();
            // The end is an empty chunk.
            let size = chunked.then(|| format!("{length:x}\r\n"));
            let parts = match &size {
                Some(size) => [size.as_bytes(), piece, b"\r\n"],
                None => [piece, b"", b""],
            };
            if !self.send(writer, parts).await || length == 0 {
                return Ok(());
            }
            incoming.consume(length);
            sent.pieces.set(sent.pieces.get() + 1);
        }
    }

    /// Sends the parts of a piece; whether the host took them.
    async fn send(&self, writer: &mut impl BufWrite, parts: [&[u8]; 3]) -> bool {
        let sending = async {
            for part in parts {
                writer.write_all(part).await?;
            }
            writer.flush().await
        };
        let sent = self.time.timeout(self.limits.patience, sending).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Waits for the host, whose time does not run while it is still being sent the request.
    async fn wait<O>(&self, sent: &Sent, answer: impl Future<Output = O>) -> Result<O, Failure> {
        let mut answer = pin!(answer);
        loop {
            let before = sent.pieces.get();
            let waited = self.time.timeout(self.limits.patience, answer.as_mut());
            match waited.await {
                Ok(output) => return Ok(output),
                Err(_) if sent.pieces.get() != before => {}
                Err(_) => return Err(Failure::TimedOut),
            }
        }
    }

    /// Waits for the head of the answer; interim ones are for us, not for the client.
    async fn answer<U: BufRead>(&self, reader: &mut U, sent: &Sent) -> Result<Head, Failure> {
        let mut head = Head::default();
        for _ in 0..=INTERIM {
            let waited = self.wait(sent, head.response(reader, &self.limits));
            match waited.await??.status() {
                // Nobody asked for it (RFC 9110 §15.2.2).
                101 => return Err(Failure::Gateway("it switches protocols unasked".into())),
                100..=199 => {}
                _ => return Ok(head),
            }
        }
        Err(Failure::Gateway("it does not get to its answer".into()))
    }

    /// Hands the answer back as it comes.
    async fn download<U: BufRead, W: BufWrite>(
        &self,
        reader: &mut U,
        outgoing: &mut Outgoing<'_, W, C>,
        method: &str,
        sent: &Sent,
    ) -> Result<(), Broken<W::Error>> {
        let head = self.answer(reader, sent).await?;
        let framing = Framing::of_response::<U::Error>(&head, method).map_err(Failure::from)?;
        let kept = fields::forwarded(&head).filter(|(name, _)| {
            !UNCACHED
                .iter()
                .any(|(other, _)| name.eq_ignore_ascii_case(other))
        });
        let said = match (framing, method) {
            // The length of what a GET would have had (RFC 9110 §9.3.2).
            (Framing::Empty, "HEAD") => {
                Framing::of_response::<U::Error>(&head, "GET").unwrap_or_default()
            }
            (Framing::UntilClose, _) => Framing::Chunked,
            (other, _) => other,
        };
        let said = if method == "HEAD" && said == Framing::UntilClose {
            Framing::Empty
        } else {
            said
        };
        if !sent.all.get() {
            // The rest of the request would be taken for the next one.
            outgoing.close();
        }
        let via = [("Via", via(&head))];
        outgoing
            .begin(head.status(), kept.chain(UNCACHED).chain(via), said)
            .await
            .map_err(Broken::Client)?;
        let mut body = Body::new(framing);
        loop {
            let waited = self.wait(sent, body.fill(reader)).await?;
            let piece = waited.map_err(Failure::from)?;
            if piece.is_empty() {
                break;
            }
            outgoing.write(piece).await.map_err(Broken::Client)?;
            let length = piece.len();
            body.consume(reader, length);
            outgoing.flush().await.map_err(Broken::Client)?;
        }
        outgoing.end().await.map_err(Broken::Client)
    }
}

/// Why a request is not handed on, or not its whole answer back.
enum Broken<E> {
    /// It is not for the host: the status that says why.
    Refused(u16),
    Client(Error<E>),
    Host(Failure),
}

impl<E> From<Failure> for Broken<E> {
    fn from(failure: Failure) -> Self {
        Self::Host(failure)
    }
}

impl<E: core::fmt::Display> From<Error<E>> for Failure {
    fn from(error: Error<E>) -> Self {
        match error {
            Error::TimedOut => Self::TimedOut,
            other => Self::Gateway(other.to_string()),
        }
    }
}

impl Failure {
    fn status(&self) -> u16 {
        match self {
            Self::Gateway(_) => 502,
            Self::TimedOut => 504,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Gateway(reason) => reason,
            Self::TimedOut => "it takes too long",
        }
    }
}

/// The request target as an origin server wants it (RFC 9112 §3.2.1), or the status that refuses it.
fn origin_form(head: &Head) -> Result<String, u16> {
    let (method, target) = (head.method(), head.target());
    if matches!(method, "CONNECT" | "TRACE") {
        // A tunnel, and an echo of what other proxies added: neither is for a site like this.
        return Err(501);
    }
    if target.contains('#') {
        return Err(400);
    }
    if target.starts_with('/') || (method, target) == ("OPTIONS", "*") {
        return Ok(target.to_string());
    }
    // The absolute form, which a server must take as well (RFC 9112 §3.2.2).
    let Some((scheme, rest)) = target.split_once(':') else {
        return Err(400);
    };
    // Without the slashes there is no host either.
    let rest = rest.strip_prefix("//").unwrap_or_default();
    let host = rest.bytes().take_while(|byte| !matches!(byte, b'/' | b'?'));
    let Some((host, path)) = rest.split_at_checked(host.count()) else {
        return Err(400);
    };
    match path {
        _ if host.is_empty() || !scheme.eq_ignore_ascii_case("http") => Err(400),
        // RFC 9112 §3.2.4.
        "" if method == "OPTIONS" => Ok("*".to_string()),
        _ if path.starts_with('/') => Ok(path.to_string()),
        _ => Ok(format!("/{path}")),
    }
}

/// How many more proxies a request may go through, if it says so and has to be heeded.
fn max_forwards(head: &Head) -> Option<u64> {
    let limit = head.values("max-forwards").next()?;
    let limit = str::from_utf8(limit).ok()?.parse().ok()?;
    (head.method() == "OPTIONS").then_some(limit)
}

/// How this proxy signs what it hands on: by the version it came in (RFC 9110 §7.6.3).
fn via(head: &Head) -> &'static [u8] {
    match head.version() {
        Version::Http10 => b"1.0 knocking",
        Version::Http11 => b"1.1 knocking",
    }
}

/// The request's head as the host gets it.
fn compose<E>(head: &Head, target: &str, host: &Host) -> Result<Vec<u8>, Error<E>> {
    let mut bytes = Vec::new();
    let mut request = Compose::request(&mut bytes, head.method(), target);
    request.field("Host", host.to_string());
    let left = max_forwards(head);
    // What the client expects of us, it has from us.
    let ours = ["host", "expect", "max-forwards"];
    let ours = if left.is_some() {
        &ours[..]
    } else {
        &ours[..2]
    };
    for (name, value) in fields::forwarded(head) {
        if !ours.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            request.field(name, value);
        }
    }
    if let Some(left) = left {
        request.field("Max-Forwards", left.saturating_sub(1).to_string());
    }
    request
        .field("Via", via(head))
        .framing(Framing::of_request(head)?)
        .field("Connection", "close")
        .end();
    Ok(bytes)
}
