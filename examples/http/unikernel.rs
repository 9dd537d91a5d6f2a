//! A web server with one page.
#![no_std]
#![forbid(unsafe_code)]

use core::time::Duration;

use mirage::io::Error as _;
use mirage::{Listener, Spawn, Tcp, Time, log};
use mirage_http::{Limits, serve};

const PAGE: &[u8] = b"<!DOCTYPE html>\n<title>Hello</title>\n<h1>Hello from a unikernel!</h1>\n";

/// What the unikernel is told at boot.
#[derive(mirage::Args, Clone, Debug)]
pub struct Options {
    /// Serve HTTP on this port
    #[arg(value = "PORT", default = "80")]
    pub http_port: u16,
}

/// Serves the page, for ever.
#[mirage::job]
pub async fn start<T: Tcp>(
    tcp: T,
    time: impl Time,
    spawn: impl Spawn,
    options: Options,
) -> Result<(), T::Error> {
    let mut listener = tcp.listen(options.http_port).await?;
    log::info!("serving HTTP on port {}", listener.port());
    let limits = Limits::default();
    loop {
        let flow = match listener.accept().await {
            Ok(flow) => flow,
            Err(error) => {
                // Too many connections, most likely: some of them end soon.
                log::warn!("nothing accepted for a moment: {:?}", error.kind());
                time.sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let time = time.clone();
        spawn.spawn(async move {
            let served = serve(flow, &time, &limits, async |exchange| {
                let html = [("Content-Type", &b"text/html; charset=utf-8"[..])];
                let allow = [("Allow", &b"GET, HEAD"[..])];
                match (exchange.head().method(), exchange.head().target()) {
                    ("GET" | "HEAD", "/") => exchange.respond(200, html, PAGE).await,
                    ("GET" | "HEAD", _) => exchange.respond(404, [], b"").await,
                    _ => exchange.respond(405, allow, b"").await,
                }
            });
            if let Err(error) = served.await {
                log::debug!("a connection ended: {error}");
            }
        });
    }
}
