//! The unikernel on a network in memory, and what tests do to it.

use std::net::Ipv4Addr;
use std::time::Duration;

use mirage::io::{Read as _, Write as _};
use mirage::{
    BufWrite as _, Flow as _, Listener as _, Spawn as _, Stack as _, Tcp as _, Time as _,
};
use mirage_test::{Host, World, args};

/// Where the clients are.
pub const CLIENT: [u8; 4] = [10, 0, 0, 2];

/// Where the site behind the knocks is.
pub const SITE: [u8; 4] = [10, 0, 0, 80];

/// Starts the unikernel with these arguments, waits until it is up, and returns a client.
pub async fn boot(world: &World, arguments: &str) -> Host {
    let (console, stack, resolver) = (world.console(), world.stack(), world.resolver());
    let (time, spawn, options) = (world.time(), world.spawner(), args(arguments));
    world.spawner().spawn(async move {
        knocking::start(console, stack, resolver, time, spawn, options)
            .await
            .expect("it serves for ever");
    });
    world
        .console()
        .wait_for_line(|line| line == "Port Knocking Proxy Unikernel booted!")
        .await;
    world.host(CLIENT)
}

/// Knocks on these doors, one after the other; each is closed once the knock counts.
pub async fn knock(client: &Host, doors: &[u16]) {
    for door in doors {
        let reply = client
            .exchange((World::HOST, 32_000 + door), "")
            .await
            .expect("a door");
        assert!(reply.is_empty(), "a door says nothing");
    }
}

/// Sends a request to the control port.
pub async fn control(client: &Host, request: &str) {
    let reply = client
        .exchange((World::HOST, 32_000), request)
        .await
        .expect("the control port");
    assert!(reply.is_empty(), "the control port says nothing");
}

/// Sends a request over HTTP, and returns all that comes back until the connection ends.
pub async fn ask(client: &Host, request: &str) -> String {
    let reply = client
        .exchange((World::HOST, 80), request)
        .await
        .expect("a reply");
    String::from_utf8(reply).expect("text")
}

/// Asks for the first page.
pub async fn get(client: &Host) -> String {
    ask(
        client,
        "GET / HTTP/1.1\r\nHost: unikernel\r\nConnection: close\r\n\r\n",
    )
    .await
}

/// The head of a message, and what follows it.
pub fn parts(message: &str) -> (&str, &str) {
    message
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no end of a head in {message:?}"))
}

/// Where a head ends.
pub const END: &str = "\r\n\r\n";

/// A unikernel whose site 1,2 is `site`, opened.
pub async fn opened(
    world: &World,
    end: &'static str,
    reply: &'static [&'static str],
) -> (Host, Asked) {
    let asked = site(world, 80, end, reply).await;
    let client = boot(world, "").await;
    knock(&client, &[1, 2]).await;
    (client, asked)
}

/// A site that answers every connection with `reply`, a pause after each piece of it, and tells what it was sent up to
/// `end`.
pub async fn site(
    world: &World,
    port: u16,
    end: &'static str,
    reply: &'static [&'static str],
) -> Asked {
    let mut listener = world
        .host(SITE)
        .stack()
        .tcp()
        .listen(port)
        .await
        .expect("a free port");
    world.resolver().add("mirage.io", [Ipv4Addr::from(SITE)]);
    world
        .resolver()
        .add("unikernel.org", [Ipv4Addr::from(SITE)]);
    let asked = Asked::default();
    let (seen, time, spawner) = (asked.clone(), world.time(), world.spawner());
    world.spawner().spawn(async move {
        while let Ok(flow) = listener.accept().await {
            let (seen, time) = (seen.clone(), time.clone());
            spawner.spawn(async move {
                let (mut reader, mut writer) = flow.split();
                let (mut request, mut piece) = (Vec::new(), [0; 512]);
                while !String::from_utf8_lossy(&request).contains(end) {
                    match reader.read(&mut piece).await {
                        Ok(0) | Err(_) => break,
                        Ok(length) => request.extend_from_slice(&piece[..length]),
                    }
                }
                seen.0
                    .borrow_mut()
                    .push(String::from_utf8_lossy(&request).into_owned());
                for part in reply {
                    if writer
                        .write_all(part.as_bytes())
                        .await
                        .and(writer.flush().await)
                        .is_err()
                    {
                        return;
                    }
                    time.sleep(Duration::from_millis(20)).await;
                }
                // A peer that has gone has had enough.
                let _ = writer.close().await;
            });
        }
    });
    asked
}

/// What a site was asked, a request a connection.
#[derive(Clone, Default)]
pub struct Asked(std::rc::Rc<std::cell::RefCell<Vec<String>>>);

impl Asked {
    /// The requests so far.
    pub fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// The one request there was.
    pub fn one(&self) -> String {
        let all = self.all();
        assert_eq!(all.len(), 1, "one request, not {all:?}");
        all.into_iter().next().unwrap_or_default()
    }
}
