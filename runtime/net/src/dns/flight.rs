//! Questions under way, so that nothing is asked twice at the same time.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;

use super::Name;
use crate::udp::Wakers;

/// Names being asked for: few at a time.
#[derive(Clone)]
pub struct Flights<T>(Rc<RefCell<List<T>>>);

type List<T> = Vec<(Name, Rc<Flight<T>>)>;

struct Flight<T> {
    answer: RefCell<Option<T>>,
    over: Cell<bool>,
    waiting: Wakers,
}

/// How one who wants to ask may go on.
pub enum Turn<T> {
    /// Asks, and [lands](Leader::land) with the answer. If it is dropped before, somebody else asks.
    Lead(Leader<T>),
    /// Somebody else has asked, and this is the answer; none if they were dropped.
    Follow(Option<T>),
}

/// The one who asks.
pub struct Leader<T> {
    flights: Flights<T>,
    name: Name,
    flight: Rc<Flight<T>>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T: Clone> Flights<T> {
    /// Leads at once if nobody asks for this name; else waits for the answer.
    pub async fn join(&self, name: &Name) -> Turn<T> {
        let under_way = self.0.borrow().iter().find(|(of, _)| of == name).map(|(_, flight)| flight.clone());
        let Some(flight) = under_way else {
            let flight =
                Rc::new(Flight { answer: RefCell::new(None), over: Cell::new(false), waiting: Wakers::default() });
            self.0.borrow_mut().push((name.clone(), flight.clone()));
            return Turn::Lead(Leader { flights: Self(self.0.clone()), name: name.clone(), flight });
        };
        poll_fn(|context| {
            if flight.over.get() {
                return Poll::Ready(());
            }
            flight.waiting.add(context);
            Poll::Pending
        })
        .await;
        Turn::Follow(flight.answer.borrow().clone())
    }
}

impl<T> Leader<T> {
    /// Tells the answer to all who wait for it.
    pub fn land(self, answer: T) {
        *self.flight.answer.borrow_mut() = Some(answer);
    }
}

impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        self.flights.0.borrow_mut().retain(|(name, _)| *name != self.name);
        self.flight.over.set(true);
        self.flight.waiting.wake();
    }
}
