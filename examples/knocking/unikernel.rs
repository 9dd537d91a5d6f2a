//! Knock, knock: a web server that shows another site to those who have knocked on its ports in the right order.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod hostname;
mod options;
mod proxy;
mod state;

pub use hostname::{Host, Site, Table};
pub use options::Options;
pub use state::State;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use mirage::log;
use mirage::{Console, Flow, Listener, Resolver, Spawn, Stack, Tcp, Time};
use mirage_http::{Exchange, Limits, serve};

use proxy::{Proxy, UNCACHED};

/// Ports to knock on: the control port and as many after it.
const KNOCKS: u16 = 256;

/// The most bytes a request to the control port may have.
const REQUEST: usize = 1024;

/// How long the rest of a request to the control port may take, once it has begun.
const REST: Duration = Duration::from_millis(200);

/// How long nothing is accepted after accepting has failed: what is short then, is short for a while.
const BREATH: Duration = Duration::from_millis(100);

const HELLO: &[u8] =
    b"<!DOCTYPE html>\n<title>Knock, knock</title>\n<h1>Hello from a unikernel!</h1>\n";

/// Listens for knocks, for control requests and for HTTP, for ever.
#[mirage::job]
pub async fn start(
    console: impl Console,
    stack: impl Stack,
    resolver: impl Resolver,
    time: impl Time,
    spawn: impl Spawn,
    options: Options,
) -> Result<(), Error> {
    let last = options
        .control_port
        .checked_add(KNOCKS)
        .ok_or(Error::ControlPort(options.control_port))?;
    let patience = options.timeout.0;
    let limits = Limits {
        patience,
        ..Limits::default()
    };
    let tcp = stack.tcp();
    let state = State::default();
    let table = Rc::new(Table::new(options.site));

    let http = listen(tcp, options.http_port).await?;
    let control = listen(tcp, options.control_port).await?;
    for (port, offset) in (options.control_port + 1..=last).zip(1..) {
        let door = listen(tcp, port).await?;
        let (console, state, spawner) = (console.clone(), state.clone(), spawn.clone());
        let each = Box::new(move |flow| {
            spawner.spawn(knock(flow, offset, console.clone(), state.clone()));
        });
        spawn.spawn(accept(door, time.clone(), each));
    }
    let (log, knocks, clock, spawner) =
        (console.clone(), state.clone(), time.clone(), spawn.clone());
    let each = Box::new(move |flow| {
        spawner.spawn(request(
            flow,
            log.clone(),
            knocks.clone(),
            clock.clone(),
            patience,
        ));
    });
    spawn.spawn(accept(control, time.clone(), each));
    console.log("Port Knocking Proxy Unikernel booted!").await;

    let proxy = Proxy {
        tcp: tcp.clone(),
        resolver,
        time: time.clone(),
        limits,
    };
    let each = Box::new(move |flow| {
        let (proxy, state, table) = (proxy.clone(), state.clone(), Rc::clone(&table));
        spawn.spawn(async move {
            let answer = async |exchange: &mut Exchange<'_, _, _>| match state
                .sequence()
                .and_then(|sequence| table.find(&sequence))
            {
                Some(host) => proxy.forward(exchange, host).await,
                None => hello(exchange).await,
            };
            if let Err(error) = serve(flow, &proxy.time, &proxy.limits, answer).await {
                log::debug!("a connection ended: {error}");
            }
        });
    });
    accept(http, time, each).await;
    Ok(())
}

async fn listen<T: Tcp>(tcp: &T, port: u16) -> Result<T::Listener, Error> {
    tcp.listen(port).await.map_err(|error| Error::Listen {
        port,
        reason: error.to_string(),
    })
}

/// Hands every connection over, for ever. To whom is boxed: otherwise the image had one of this for each.
async fn accept<L: Listener>(mut listener: L, time: impl Time, mut each: Box<dyn FnMut(L::Flow)>) {
    loop {
        match listener.accept().await {
            Ok(flow) => each(flow),
            Err(error) => {
                log::warn!(
                    "port {}: nothing accepted for a moment: {error}",
                    listener.port()
                );
                time.sleep(BREATH).await;
            }
        }
    }
}

/// Somebody at the door. The knock counts before the connection is closed: who waits for that can rely on it.
async fn knock(flow: impl Flow, offset: u16, console: impl Console, state: State) {
    state.knock(offset);
    console
        .log(format_args!("Port {offset}: KNOCK KNOCK!"))
        .await;
    drop(flow);
}

/// A request to the control port.
async fn request(
    mut flow: impl Flow,
    console: impl Console,
    state: State,
    time: impl Time,
    patience: Duration,
) {
    let Some(text) = read_request(&mut flow, &time, patience).await else {
        return;
    };
    if text.eq_ignore_ascii_case("reset") {
        state.reset();
        console.log("Port 0: RESET!").await;
    } else {
        console
            .log(format_args!("Port 0: Unknown request ({text})"))
            .await;
    }
}

/// What a client says up to the end of its line, of its stream or of its time, without white space around it; none if it
/// says nothing.
async fn read_request(
    flow: &mut impl Flow,
    time: &impl Time,
    patience: Duration,
) -> Option<String> {
    let mut text = Vec::new();
    let mut left = patience;
    while text.len() < REQUEST && !text.contains(&b'\n') {
        // Once something was said, the rest is not far: a client need not say where its request ends.
        let Ok(received) = time.timeout(left, flow.fill_buf()).await else {
            break;
        };
        let received = received.ok()?;
        if received.is_empty() {
            break;
        }
        let length = received.len().min(REQUEST - text.len());
        text.extend_from_slice(&received[..length]);
        flow.consume(length);
        left = REST.min(patience);
    }
    (!text.is_empty()).then(|| String::from_utf8_lossy(text.trim_ascii()).into_owned())
}

/// The page for those who have not knocked.
async fn hello<F: Flow>(
    exchange: &mut Exchange<'_, F, impl Time>,
) -> Result<(), mirage_http::Error<F::Error>> {
    match exchange.head().method() {
        "GET" | "HEAD" => {
            let html = [("Content-Type", &b"text/html; charset=utf-8"[..])];
            let fields = html.into_iter().chain(UNCACHED);
            exchange.respond(200, fields, HELLO).await
        }
        _ => {
            exchange
                .respond(405, [("Allow", &b"GET, HEAD"[..])], b"")
                .await
        }
    }
}

/// Why the unikernel cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A port cannot be listened on.
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        reason: String,
    },
    /// There are not enough ports after the control port.
    ControlPort(u16),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { port, reason } => {
                // Some stacks name the port themselves.
                let named = alloc::format!("port {port}: ");
                let reason = reason.strip_prefix(&named).unwrap_or(reason);
                write!(f, "port {port} cannot be listened on: {reason}")
            }
            Self::ControlPort(port) => write!(
                f,
                "`--control-port` cannot be {port}: the {KNOCKS} ports after it are to be knocked on, so {} is the most",
                u16::MAX - KNOCKS
            ),
        }
    }
}

impl core::error::Error for Error {}
