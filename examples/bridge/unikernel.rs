//! A bridge between two networks: frames from one go to the other, unless who they are for is on the side they come from.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod finish;
mod stations;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::Poll;

use mirage::{Console, MacAddress, Network, Offload};

use stations::{Side, Stations};

/// Frames taken from an interface at once.
const BATCH: usize = 256;

/// A frame on its way, and what the interface it leaves by is to do with it.
type Carried = (Vec<u8>, Offload);

/// Carries frames until an interface is gone.
#[mirage::job]
pub async fn start(
    console: impl Console,
    mut left: impl Network,
    mut right: impl Network,
) -> Result<(), String> {
    let mut stations = Stations::default();
    console
        .log(format!("between {} and {}", left.mac(), right.mac()))
        .await;
    let mut waiting: [Vec<Carried>; 2] = Default::default();
    loop {
        poll_fn(|context| {
            // Both are asked: each wakes this task only if it was.
            let ready = [
                left.poll_ready(context).is_ready(),
                right.poll_ready(context).is_ready(),
            ];
            if ready.contains(&true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        let [to_left, to_right] = &mut waiting;
        take(&mut left, &right, Side::Left, &mut stations, to_right)?;
        take(&mut right, &left, Side::Right, &mut stations, to_left)?;
        give(&mut left, to_left)?;
        give(&mut right, to_right)?;
    }
}

/// Takes what has come on one side, and makes what is for the other ready to go.
fn take<N: Network>(
    from: &mut N,
    to: &impl Network,
    side: Side,
    stations: &mut Stations,
    carried: &mut Vec<Carried>,
) -> Result<(), String> {
    let (offloads, mtu) = (to.offloads(), to.mtu());
    let mut each = |frame: &mut [u8], received| {
        let Some(&[a, b, c, d, e, f, g, h, i, j, k, l]) = frame.first_chunk::<12>() else {
            return;
        };
        let (destination, source) = (
            MacAddress([a, b, c, d, e, f]),
            MacAddress([g, h, i, j, k, l]),
        );
        stations.seen(source, side);
        if stations.side_of(destination) == Some(side) {
            return;
        }
        // What the other side cannot carry is lost, as on any link that takes less.
        if let Some(offload) = finish::finish(frame, received, offloads, mtu) {
            carried.push((frame.to_vec(), offload));
        }
    };
    from.receive(BATCH, &mut each)
        .map(drop)
        .map_err(|error| format!("an interface is gone: {error:?}"))
}

/// Sends what is ready to go. A queue that is full loses it, as a switch would.
fn give<N: Network>(to: &mut N, carried: &mut Vec<Carried>) -> Result<(), String> {
    let sent: Result<(), N::Error> = carried
        .drain(..)
        .try_for_each(|(frame, offload)| to.send(&[&frame], offload).map(drop))
        .and_then(|()| to.notify());
    sent.map_err(|error| format!("an interface is gone: {error:?}"))
}
