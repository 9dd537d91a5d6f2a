//! The other side of the HTTP benchmark: hyper on tokio's single-threaded runtime, sending the same body with the same
//! headers as the unikernel does. Usage: `hyper-hello PORT BODY CONTENT-TYPE`.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name| arguments.next().with_context(|| format!("{name} is missing"));
    let port: u16 = argument("PORT")?.parse()?;
    let body = Bytes::from(argument("BODY")?);
    let content_type = HeaderValue::from_str(&argument("CONTENT-TYPE")?)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (body, content_type) = (body.clone(), content_type.clone());
            let hello = service_fn(move |_request| {
                let mut response = Response::new(Full::new(body.clone()));
                response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
                async move { Ok::<_, Infallible>(response) }
            });
            tokio::task::spawn_local(async move {
                // The unikernel sends no date either. A client that goes away mid-request is its own business.
                let _ =
                    http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), hello).await;
            });
        }
    }))
}
