//! The interface, and who brings it up again when its back end has gone.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;
use core::task::{Context, Poll, Waker};

use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_pvh::{Host as _, Interrupt, Platform};

use super::agree::{Back, State};
use super::receive::{self, Receive};
use super::ring::Broken;
use super::transmit::{self, Transmit};
use crate::event::Channel;
use crate::grant::Grant;
use crate::machine::Xen;
use crate::page::Shared;

/// What frames can carry where nobody says otherwise, in bytes.
const MTU: usize = 1500;

/// A network interface.
pub struct Net {
    link: Rc<RefCell<Link>>,
    mac: MacAddress,
    offloads: Offloads,
}

/// What is between the two ends.
struct Link {
    up: Option<Up>,
    /// Who waits for frames: also while there is no back end.
    waker: Option<Waker>,
    /// Memory, the same for every back end there is in the course of time.
    memory: Memory,
    interrupt: Option<Interrupt>,
}

struct Up {
    transmit: Transmit,
    receive: Receive,
    channel: Channel,
    rings: [Grant; 2],
}

#[derive(Clone)]
pub(super) struct Memory {
    pub rings: [Shared; 2],
    pub transmit: Vec<Shared>,
    pub receive: Vec<Shared>,
}

impl Memory {
    fn new() -> Option<Self> {
        let mut pages = Shared::several(2 + transmit::PAGES + receive::PAGES)?;
        let rings = [pages.next()?, pages.next()?];
        let transmit = pages.by_ref().take(transmit::PAGES).collect();
        Some(Self { rings, transmit, receive: pages.collect() })
    }
}

impl Net {
    /// The next interface of the domain, once its back end is there.
    ///
    /// # Errors
    /// When the domain has no other, or there is no memory for it.
    pub async fn connect(platform: &Platform) -> Result<Self, String> {
        let number = Xen::get().next_network();
        let store = Xen::get().store().ok_or("the domain has no xenstore")?;
        let front = front(store.list("device/vif").await.unwrap_or_default(), number)?;
        let back = Back::of(store, &front).await.map_err(|error| error.to_string())?;
        let mac = back.mac().await.ok_or_else(|| format!("`{front}/mac` is no hardware address"))?;
        let memory = Memory::new().ok_or("there is no memory for its rings; hint: give the domain more")?;
        let link = Rc::new(RefCell::new(Link { up: None, waker: None, memory, interrupt: None }));
        let offloads = bring_up(&link, &back).await?;
        mirage::log::info!("net{number}: hardware address {mac}, MTU {MTU}");
        let (kept, store) = (Rc::clone(&link), store.clone());
        platform.start(async move {
            let mut back = back;
            loop {
                let state = back.until(|state| state > State::Connected || state == State::Gone).await;
                mirage::log::warn!("net{number}: its back end goes ({state:?}); waiting for another");
                kept.borrow_mut().take_down();
                _ = back.say(State::Closed).await;
                back = again(&store, &front, back).await;
                match bring_up(&kept, &back).await {
                    Ok(_) => mirage::log::info!("net{number}: it has a back end again"),
                    Err(error) => mirage::log::warn!("net{number}: {error}"),
                }
            }
        });
        Ok(Self { link, mac, offloads })
    }
}

/// The folder of the interface of that number, in the order of their own numbers.
pub(super) fn front(names: Vec<String>, number: usize) -> Result<String, String> {
    let numbers: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let count = numbers.len();
    // To sort them is three kilobytes of an image.
    let behind = |last: Option<u32>| numbers.iter().copied().filter(|&vif| last.is_none_or(|last| last < vif)).min();
    let vif = (0..=number).try_fold(None, |last, _| behind(last).map(Some)).flatten();
    vif.map(|vif| format!("device/vif/{vif}")).ok_or_else(|| {
        let had = match count {
            0 => "no network interface".to_string(),
            1 => "one network interface and no more".to_string(),
            _ => format!("{count} network interfaces and no more"),
        };
        format!("the domain has {had}; hint: one is an entry of `vif = [ … ]` in its configuration")
    })
}

/// Agrees with a back end on everything; returns what it does with frames.
async fn bring_up(link: &RefCell<Link>, back: &Back) -> Result<Offloads, String> {
    let said = |error: crate::store::Error| error.to_string();
    back.say(State::Initialising).await.map_err(said)?;
    back.until(|state| matches!(state, State::Waiting | State::Connected)).await;
    let Some((offloads, gathers)) = back.offloads().await else { return Err("its back end cannot copy".to_string()) };
    let full = || "there is no event channel, or no entry in the grant table, left for it".to_string();
    let (rings, channel) = {
        let mut link = link.borrow_mut();
        let channel = Channel::allocate(back.domain, link.interrupt).ok_or_else(full)?;
        link.interrupt = Some(channel.interrupt());
        (link.open(back.domain, channel, gathers).ok_or_else(full)?, channel)
    };
    back.offer(rings[0], rings[1], channel).await.map_err(said)?;
    back.say(State::Connected).await.map_err(said)?;
    let state = back.until(|state| state >= State::Connected || state == State::Gone).await;
    if state != State::Connected {
        link.borrow_mut().take_down();
        return Err("its back end goes before it has come".to_string());
    }
    channel.notify();
    link.borrow_mut().wake();
    Ok(offloads)
}

/// Waits for another back end at the same place, or for the same one to begin anew.
async fn again(store: &crate::store::Store, front: &str, old: Back) -> Back {
    let mut back = old;
    // The folder goes when the interface is detached, and comes again with it.
    let watch = store.watch(front).await;
    loop {
        if matches!(back.state().await, State::Initialising | State::Waiting) {
            return back;
        }
        match &watch {
            Ok(watch) => {
                either(watch.changed(), back.until(|state| matches!(state, State::Initialising | State::Waiting)))
                    .await;
            }
            Err(_) => _ = back.until(|state| matches!(state, State::Initialising | State::Waiting)).await,
        }
        if let Ok(new) = Back::of(store, front).await {
            back = new;
        }
    }
}

/// Waits for whichever comes first.
async fn either<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) {
    let (mut one, mut other) = (core::pin::pin!(one), core::pin::pin!(other));
    core::future::poll_fn(|context| {
        let done = one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready();
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Link {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Lets the back end in that domain have the rings and all pages; none when the grant table is full.
    fn open(&mut self, domain: u16, channel: Channel, gathers: bool) -> Option<[Grant; 2]> {
        let Memory { rings: [send, take], transmit, receive } = &self.memory;
        let rings = [Grant::new(domain, *send, false)?, Grant::new(domain, *take, false)?];
        let transmit = Transmit::new(*send, domain, transmit, gathers)?;
        let mut receive = Receive::new(*take, domain, receive)?;
        receive.show();
        self.up = Some(Up { transmit, receive, channel, rings });
        Some(rings)
    }

    /// Ends what is between us and the back end.
    fn take_down(&mut self) {
        if let Some(up) = self.up.take() {
            up.channel.close();
            up.transmit.end();
            up.receive.end();
            up.rings.iter().for_each(|grant| _ = grant.end());
        }
        self.wake();
    }

    /// A back end that breaks the rules is left alone from now on.
    fn broken(&mut self, broken: Broken) {
        mirage::log::error!("a network interface is given up: {broken}");
        self.take_down();
    }

    fn with<T: Default>(&mut self, act: impl FnOnce(&mut Up) -> Result<T, Broken>) -> T {
        let Some(up) = &mut self.up else { return T::default() };
        match act(up) {
            Ok(done) => done,
            Err(broken) => {
                self.broken(broken);
                T::default()
            }
        }
    }
}

impl Network for Net {
    type Error = Infallible;

    fn mac(&self) -> MacAddress {
        self.mac
    }

    fn mtu(&self) -> usize {
        MTU
    }

    fn offloads(&self) -> Offloads {
        self.offloads
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let mut link = self.link.borrow_mut();
        loop {
            if link.with(|up| Ok(up.receive.listen()? || up.transmit.is_worth_trying()?)) {
                return Poll::Ready(Ok(()));
            }
            let told = link.up.as_ref().is_some_and(|up| up.channel.poll(context).is_ready());
            if !told {
                break;
            }
        }
        link.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Infallible> {
        let mut link = self.link.borrow_mut();
        Ok(link.with(|up| {
            let count = up.receive.receive(most, deliver)?;
            if up.receive.show() {
                up.channel.notify();
            }
            Ok(count)
        }))
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Infallible> {
        let mut link = self.link.borrow_mut();
        if link.up.is_none() {
            return Ok(true); // Lost, as on a cable that is unplugged.
        }
        let taken = link.with(|up| {
            let taken = up.transmit.send(frame, offload)?;
            // It has to know what is to go before there can be room.
            if !taken && up.transmit.show() {
                up.channel.notify();
            }
            Ok(taken)
        });
        Ok(taken)
    }

    fn notify(&mut self) -> Result<(), Infallible> {
        self.link.borrow_mut().with(|up| {
            up.transmit.reclaim()?;
            if up.transmit.show() {
                up.channel.notify_soon();
            }
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
impl Net {
    /// One over this memory, whose back end is there.
    pub(super) fn over(memory: Memory, channel: Channel) -> Self {
        let mut link = Link { up: None, waker: None, memory, interrupt: None };
        link.open(1, channel, true).expect("there are grants left");
        let offloads = Offloads::default();
        Self { link: Rc::new(RefCell::new(link)), mac: MacAddress([2, 0, 0, 0, 0, 1]), offloads }
    }

    /// Whether its back end has not been given up.
    pub(super) fn is_up(&self) -> bool {
        self.link.borrow().up.is_some()
    }

    /// Its back end goes.
    pub(super) fn end(self) {
        self.link.borrow_mut().take_down();
    }
}
