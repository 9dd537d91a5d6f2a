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
    Body, Compose, Error, Exchange, Framing, Head, Incoming, Limits, Outgoing, fields,
};

use crate::Host;

/// What an answer is marked with, so that nobody is shown it who has not knocked.
const UNCACHED: [(&str, &[u8]); 3] = [
    ("Cache-Control", b"no-cache, no-store, must-revalidate"),
    ("Pragma", b"no-cache"),
    ("Expires", b"0"),
];

/// How this proxy signs what it hands on (RFC 9110 §7.6.3).
const VIA: &str = "1.1 knocking";

/// Hands requests on to other hosts.
#[derive(Clone)]
pub struct Proxy<T: Tcp, R, C> {
    pub tcp: T,
    pub resolver: R,
    pub time: C,
    pub limits: Limits,
}

/// Why there is no answer to hand back; as a status, 502 or 504.
enum Failure {
    /// The host cannot be reached, or what it says is not HTTP.
    Gateway(String),
    /// The host takes too long.
    TimedOut,
}

impl<T: Tcp, R: Resolver, C: Time> Proxy<T, R, C> {
    /// Hands a request on to `host`, and its answer back.
    pub async fn forward<F: Flow>(
        &self,
        exchange: &mut Exchange<'_, F, C>,
        host: &Host,
    ) -> Result<(), Error<F::Error>> {
        let head = exchange.head();
        let Some(target) = origin_form(head) else {
            // CONNECT would be a tunnel, TRACE an echo of what other proxies added: neither is for a site like this.
            return exchange.respond(501, UNCACHED, b"").await;
        };
        let upstream = match self.connect(host).await {
            Ok(upstream) => upstream,
            Err(failure) => return self.fail(exchange, host, failure).await,
        };
        exchange.accept().await?;
        let (mut reader, mut writer) = upstream.split();
        let request = compose(head, &target, host)?;

        // Both at once: a host may answer before it has read the whole request, or as it reads it.
        let uploaded = Cell::new(false);
        let outcome = {
            let incoming = &mut exchange.incoming;
            let upload = self.upload(request, incoming, &mut writer, head);
            let download = self.download(
                &mut reader,
                &mut exchange.outgoing,
                head.method(),
                &uploaded,
            );
            let (mut upload, mut download) = (pin!(upload), pin!(download));
            core::future::poll_fn(|context| {
                if !uploaded.get()
                    && let Poll::Ready(outcome) = upload.as_mut().poll(context)
                {
                    uploaded.set(true);
                    if let Err(Broken::Client(error)) = outcome {
                        return Poll::Ready(Err(Broken::Client(error)));
                    }
                    // A host that takes no more may still have said why.
                }
                download.as_mut().poll(context)
            })
            .await
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Broken::Client(error)) => Err(error),
            Err(Broken::Host(failure)) if exchange.outgoing.is_waiting() => {
                self.fail(exchange, host, failure).await
            }
            // The client sees that its answer broke off, since the connection ends without the rest.
            Err(Broken::Host(failure)) => {
                log::warn!("{host}: the answer broke off: {}", failure.reason());
                Ok(())
            }
        }
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

    async fn fail<F: Flow>(
        &self,
        exchange: &mut Exchange<'_, F, C>,
        host: &Host,
        failure: Failure,
    ) -> Result<(), Error<F::Error>> {
        log::warn!("{host}: {}", failure.reason());
        let status = match failure {
            Failure::Gateway(_) => 502,
            Failure::TimedOut => 504,
        };
        if !exchange.incoming.is_done() {
            exchange.outgoing.close();
        }
        exchange.respond(status, UNCACHED, b"").await
    }

    /// Sends the request: its head, and its body as it comes.
    async fn upload<I: BufRead, W: BufWrite>(
        &self,
        request: Vec<u8>,
        incoming: &mut Incoming<'_, I, C>,
        writer: &mut W,
        head: &Head,
    ) -> Result<(), Broken<I::Error>> {
        let chunked =
            Framing::of_request::<I::Error>(head).map_err(Broken::Client)? == Framing::Chunked;
        self.send(writer, &request).await?;
        loop {
            let piece = incoming.fill().await.map_err(Broken::Client)?;
            if piece.is_empty() {
                break;
            }
            if chunked {
                self.send(writer, format!("{:x}\r\n", piece.len()).as_bytes())
                    .await?;
            }
            self.send(writer, piece).await?;
            if chunked {
                self.send(writer, b"\r\n").await?;
            }
            let length = piece.len();
            incoming.consume(length);
            self.flush(writer).await?;
        }
        if chunked {
            self.send(writer, b"0\r\n\r\n").await?;
        }
        self.flush(writer).await
    }

    async fn send<E>(&self, writer: &mut impl BufWrite, bytes: &[u8]) -> Result<(), Broken<E>> {
        let sent = self
            .time
            .timeout(self.limits.patience, writer.write_all(bytes))
            .await;
        sent.map_err(|_| Failure::TimedOut)?
            .map_err(|error| Failure::Gateway(error.to_string()))?;
        Ok(())
    }

    async fn flush<E>(&self, writer: &mut impl BufWrite) -> Result<(), Broken<E>> {
        let sent = self
            .time
            .timeout(self.limits.patience, writer.flush())
            .await;
        sent.map_err(|_| Failure::TimedOut)?
            .map_err(|error| Failure::Gateway(error.to_string()))?;
        Ok(())
    }

    /// Hands the answer back as it comes.
    async fn download<U: BufRead, W: BufWrite>(
        &self,
        reader: &mut U,
        outgoing: &mut Outgoing<'_, W, C>,
        method: &str,
        uploaded: &Cell<bool>,
    ) -> Result<(), Broken<W::Error>> {
        let mut head = Head::default();
        loop {
            let response = self
                .time
                .timeout(self.limits.patience, head.response(reader, &self.limits))
                .await;
            match response
                .map_err(|_| Failure::TimedOut)?
                .map_err(Failure::from)?
                .status()
            {
                // Interim answers are for us; a switch of protocols we did not ask for (RFC 9110 §15.2).
                101 => {
                    return Err(
                        Failure::Gateway(String::from("it switches protocols unasked")).into(),
                    );
                }
                100..=199 => {}
                _ => break,
            }
        }
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
        if !uploaded.get() {
            // The rest of the request would be taken for the next one.
            outgoing.close();
        }
        let via = [("Via", VIA.as_bytes())];
        outgoing
            .begin(head.status(), kept.chain(UNCACHED).chain(via), said)
            .await
            .map_err(Broken::Client)?;
        let mut body = Body::new(framing);
        loop {
            let piece = self
                .time
                .timeout(self.limits.patience, body.fill(reader))
                .await;
            let piece = piece
                .map_err(|_| Failure::TimedOut)?
                .map_err(Failure::from)?;
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

/// Which side a forwarding broke on.
enum Broken<E> {
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
    fn reason(&self) -> &str {
        match self {
            Self::Gateway(reason) => reason,
            Self::TimedOut => "it takes too long",
        }
    }
}

/// The request target as an origin server wants it (RFC 9112 §3.2.1); none for what is not handed on.
fn origin_form(head: &Head) -> Option<String> {
    let target = head.target();
    match head.method() {
        "CONNECT" | "TRACE" => None,
        "OPTIONS" if target == "*" => Some(target.to_string()),
        _ if target.starts_with('/') => Some(target.to_string()),
        _ => {
            // The absolute form, which a server must take as well (RFC 9112 §3.2.2).
            let scheme = target
                .get(..7)
                .filter(|scheme| scheme.eq_ignore_ascii_case("http://"))?;
            let rest = &target[scheme.len()..];
            let path = &rest[rest.find(['/', '?']).unwrap_or(rest.len())..];
            Some(if path.starts_with('/') {
                path.to_string()
            } else {
                format!("/{path}")
            })
        }
    }
}

/// The request's head as the host gets it.
fn compose<E>(head: &Head, target: &str, host: &Host) -> Result<Vec<u8>, Error<E>> {
    let mut bytes = Vec::new();
    let mut request = Compose::request(&mut bytes, head.method(), target);
    request.field("Host", host.to_string());
    // What the client expects of us, it has from us.
    let ours = ["host", "expect"];
    for (name, value) in fields::forwarded(head) {
        if !ours.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            request.field(name, value);
        }
    }
    request
        .field("Via", VIA)
        .framing(Framing::of_request(head)?)
        .field("Connection", "close")
        .end();
    Ok(bytes)
}
