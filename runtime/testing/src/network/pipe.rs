//! One direction of a connection.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_io_async::ErrorKind;
use mirage::time::Instant;

use super::Network;
use crate::signal::Signal;

/// Bytes under way or waiting to be read, at the most: what a sender may be ahead of its reader.
const WINDOW: usize = 64 * 1024;

/// One direction of a connection: what was sent and is not read yet. All clones are one pipe.
#[derive(Clone)]
pub struct Pipe {
    network: Network,
    state: Rc<RefCell<State>>,
    changed: Signal,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    length: usize,
    /// When the end of the stream arrives.
    end: Option<Instant>,
    /// The reader is gone: what is sent goes nowhere.
    deserted: bool,
}

impl Pipe {
    pub fn new(network: &Network) -> Self {
        Self { network: network.clone(), state: Rc::default(), changed: Signal::default() }
    }

    /// Sends all bytes, waiting for room.
    pub async fn send(&self, mut bytes: &[u8]) -> Result<(), ErrorKind> {
        while !bytes.is_empty() {
            let room = self.changed.until(|| {
                let state = self.state.borrow();
                (state.deserted || state.length < WINDOW).then_some(WINDOW.saturating_sub(state.length))
            });
            let room = room.await;
            let mut state = self.state.borrow_mut();
            if state.deserted {
                return Err(ErrorKind::ConnectionReset);
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(room).min(self.network.piece()));
            let arrival = self.arrival(&state);
            state.pieces.push_back((arrival, piece.to_vec()));
            state.length += piece.len();
            bytes = rest;
            drop(state);
            self.changed.notify();
        }
        Ok(())
    }

    /// Ends the stream.
    pub fn end(&self) {
        let mut state = self.state.borrow_mut();
        let arrival = self.arrival(&state);
        state.end.get_or_insert(arrival);
        drop(state);
        self.changed.notify();
    }

    /// The next piece; an empty one is the end.
    pub async fn receive(&self) -> Vec<u8> {
        let next = self.changed.until(|| {
            let state = self.state.borrow();
            state.pieces.front().map(|&(arrival, _)| arrival).or(state.end)
        });
        let arrival = next.await;
        self.network.0.clock.sleep_until(arrival).await;
        let mut state = self.state.borrow_mut();
        let piece = state.pieces.pop_front().map(|(_, piece)| piece).unwrap_or_default();
        state.length -= piece.len();
        drop(state);
        self.changed.notify();
        piece
    }

    /// Has the sender know that nobody reads any more.
    pub fn desert(&self) {
        self.state.borrow_mut().deserted = true;
        self.changed.notify();
    }

    /// Nothing overtakes what was sent before it.
    fn arrival(&self, state: &State) -> Instant {
        let before = state.pieces.back().map_or(Instant::START, |&(arrival, _)| arrival);
        self.network.arrival().max(before)
    }
}
