//! Who asks and who waits. One request is under way for each who asks; the store answers by number.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

use super::wire::{self, Message, Ring, kind};
use mirage_pvh::Host as _;

use crate::event::Channel;
use crate::machine::Xen;
use crate::page::Shared;

/// What cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: String,
    why: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xenstore: `{}`: {}", self.path, self.why)
    }
}

impl core::error::Error for Error {}

/// The connection to xenstore. All clones are one.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

struct Inner {
    channel: Channel,
    ring: RefCell<Ring>,
    /// Requests, or the rest of one, for which there was no room.
    output: RefCell<Vec<u8>>,
    numbered: Cell<u32>,
    /// By number. Few at a time, as watches are: a list is the least code there is to keep them.
    answers: RefCell<Vec<(u32, Option<Message>)>>,
    /// By token.
    watches: RefCell<Vec<(u32, Watched)>>,
}

#[derive(Default)]
struct Watched {
    changed: bool,
    waker: Option<Waker>,
}

/// Somebody who is told when something at or below a path changes; until it is dropped.
pub struct Watch {
    store: Store,
    token: u32,
}

impl Store {
    /// The domain's own; none where it has no ring to it.
    pub fn connect() -> Option<Self> {
        let (frame, port) = Xen::get().rings().store;
        let page = Shared::map(frame).filter(|_| frame != 0)?;
        Some(Self(Rc::new(Inner {
            channel: Channel::bind(port)?,
            ring: RefCell::new(Ring::new(page)),
            output: RefCell::default(),
            numbered: Cell::new(0),
            answers: RefCell::default(),
            watches: RefCell::default(),
        })))
    }

    /// The text at a path.
    ///
    /// # Errors
    /// When there is none.
    pub async fn read(&self, path: &str) -> Result<String, Error> {
        self.read_in(0, path).await
    }

    /// The same, as a transaction sees it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn read_in(&self, transaction: u32, path: &str) -> Result<String, Error> {
        let body = self.ask(kind::READ, transaction, path, &[path.as_bytes(), b"\0"]).await?;
        String::from_utf8(body).map_err(|_| refused(path, "it is not UTF-8"))
    }

    /// The names below a path.
    ///
    /// # Errors
    /// When there is no such path.
    pub async fn list(&self, path: &str) -> Result<Vec<String>, Error> {
        let body = self.ask(kind::DIRECTORY, 0, path, &[path.as_bytes(), b"\0"]).await?;
        let names = body.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Writes a text at a path.
    ///
    /// # Errors
    /// When that is not ours to write.
    pub async fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        self.write_in(0, path, text).await
    }

    /// The same, within a transaction.
    ///
    /// # Errors
    /// When that is not ours to write.
    pub async fn write_in(&self, transaction: u32, path: &str, text: &str) -> Result<(), Error> {
        self.ask(kind::WRITE, transaction, path, &[path.as_bytes(), b"\0", text.as_bytes()]).await.map(drop)
    }

    /// Removes what is at a path, and below it.
    ///
    /// # Errors
    /// When that is not ours to remove.
    pub async fn remove(&self, path: &str) -> Result<(), Error> {
        self.ask(kind::REMOVE, 0, path, &[path.as_bytes(), b"\0"]).await.map(drop)
    }

    /// Writes several texts at once, below a path: nobody sees some of them without the others.
    ///
    /// # Errors
    /// When one cannot be written.
    pub async fn write_all(&self, below: &str, texts: &[(&str, String)]) -> Result<(), Error> {
        loop {
            let begun = self.ask(kind::START, 0, below, &[b"\0"]).await?;
            let number = core::str::from_utf8(&begun).ok().and_then(|text| text.trim_end_matches('\0').parse().ok());
            let transaction = number.ok_or_else(|| refused(below, "its transaction has no number"))?;
            let mut failed = None;
            for (name, text) in texts {
                if let Err(error) = self.write_in(transaction, &format!("{below}/{name}"), text).await {
                    failed = Some(error);
                    break;
                }
            }
            let end: &[u8] = if failed.is_none() { b"T\0" } else { b"F\0" };
            let ended = self.ask(kind::END, transaction, below, &[end]).await;
            match (failed, ended) {
                (Some(error), _) => return Err(error),
                // Somebody else has changed what it was about: again.
                (None, Err(error)) if error.why == "EAGAIN" => {}
                (None, ended) => return ended.map(drop),
            }
        }
    }

    /// Tells from now on when something at or below a path changes; once at the beginning.
    ///
    /// # Errors
    /// When there can be no more watches.
    pub async fn watch(&self, path: &str) -> Result<Watch, Error> {
        let token = self.number();
        self.0.watches.borrow_mut().push((token, Watched::default()));
        let watch = Watch { store: self.clone(), token };
        let name = token.to_string();
        self.ask(kind::WATCH, 0, path, &[path.as_bytes(), b"\0", name.as_bytes(), b"\0"]).await?;
        Ok(watch)
    }

    fn number(&self) -> u32 {
        let number = self.0.numbered.get().wrapping_add(1);
        self.0.numbered.set(number);
        number
    }

    async fn ask(&self, kind: u32, transaction: u32, path: &str, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let number = self.put(kind, transaction, path, parts)?;
        let answer = poll_fn(|context| self.poll_answer(context, number)).await;
        answered(kind, path, answer)
    }

    /// Queues a request; returns the number that its answer will have.
    fn put(&self, kind: u32, transaction: u32, path: &str, parts: &[&[u8]]) -> Result<u32, Error> {
        let number = self.number();
        let message = wire::encode(kind, number, transaction, parts);
        if message.len() > wire::HEADER + wire::MOST {
            return Err(refused(path, "it is longer than 4,096 bytes"));
        }
        self.0.answers.borrow_mut().push((number, None));
        self.0.output.borrow_mut().extend_from_slice(&message);
        Ok(number)
    }

    fn poll_answer(&self, context: &mut Context<'_>, number: u32) -> Poll<Message> {
        loop {
            self.pump();
            let mut answers = self.0.answers.borrow_mut();
            let place = answers.iter().position(|(asked, answer)| *asked == number && answer.is_some());
            if let Some(answer) = place.and_then(|place| answers.swap_remove(place).1) {
                return Poll::Ready(answer);
            }
            if self.0.channel.poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Moves what can be moved, both ways.
    fn pump(&self) {
        let (mut moved, mut output) = (false, self.0.output.borrow_mut());
        loop {
            let count = self.0.ring.borrow().write(&output);
            if count == 0 {
                break;
            }
            output.drain(..count);
            moved = true;
        }
        loop {
            let (message, has_read) = self.0.ring.borrow_mut().read();
            moved |= has_read;
            let Some(message) = message else { break };
            if message.kind == kind::EVENT {
                self.changed(&message.body);
            } else if let Some((_, answer)) =
                self.0.answers.borrow_mut().iter_mut().find(|(asked, _)| *asked == message.number)
            {
                *answer = Some(message);
            }
        }
        if moved {
            self.0.channel.notify();
        }
    }

    /// An event: the path that changed, and the token of who watches it.
    fn changed(&self, body: &[u8]) {
        let token =
            body.split(|&byte| byte == 0).nth(1).and_then(|token| core::str::from_utf8(token).ok()?.parse().ok());
        let mut watches = self.0.watches.borrow_mut();
        if let Some(watched) = token.and_then(|token: u32| found(&mut watches, token)) {
            watched.changed = true;
            // Waking puts a task into the queue, and runs none.
            if let Some(waker) = watched.waker.take() {
                waker.wake();
            }
        }
    }
}

/// What an answer to such a request says.
fn answered(kind: u32, path: &str, answer: Message) -> Result<Vec<u8>, Error> {
    match answer.kind {
        there if there == kind => Ok(answer.body),
        kind::ERROR => {
            let why = String::from_utf8_lossy(&answer.body);
            Err(refused(path, why.trim_end_matches('\0')))
        }
        _ => Err(refused(path, "the store answers something else")),
    }
}

fn found(watches: &mut [(u32, Watched)], token: u32) -> Option<&mut Watched> {
    watches.iter_mut().find(|(there, _)| *there == token).map(|(_, watched)| watched)
}

fn refused(path: &str, why: &str) -> Error {
    Error { path: path.to_string(), why: why.to_string() }
}

impl Watch {
    /// Waits until something has changed since the last time.
    pub async fn changed(&self) {
        poll_fn(|context| self.poll_changed(context)).await;
    }

    /// Ready once if something has changed since the last time.
    pub fn poll_changed(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.store.pump();
            if let Some(watched) = found(&mut self.store.0.watches.borrow_mut(), self.token) {
                if core::mem::take(&mut watched.changed) {
                    return Poll::Ready(());
                }
                watched.waker = Some(context.waker().clone());
            }
            if self.store.0.channel.poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The store goes on telling, and nobody listens.
        self.store.0.watches.borrow_mut().retain(|(token, _)| *token != self.token);
    }
}
