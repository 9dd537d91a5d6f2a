//! Who is on which side (IEEE 802.1D: a bridge learns from where frames come).

use alloc::collections::{BTreeMap, VecDeque};

use mirage::MacAddress;

/// The most that are remembered; who was learnt first makes room. Frames to whom it does not know go to both sides.
const MOST: usize = 4096;

/// A side of the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// The sides of stations.
#[derive(Default)]
pub struct Stations {
    sides: BTreeMap<MacAddress, Side>,
    order: VecDeque<MacAddress>,
}

impl Stations {
    /// A frame of this station came on this side.
    pub fn seen(&mut self, station: MacAddress, side: Side) {
        if station.is_group() || self.sides.insert(station, side).is_some() {
            return;
        }
        self.order.push_back(station);
        if self.order.len() > MOST
            && let Some(first) = self.order.pop_front()
        {
            self.sides.remove(&first);
        }
    }

    /// Where a station is, if that is known.
    pub fn side_of(&self, station: MacAddress) -> Option<Side> {
        self.sides.get(&station).copied()
    }
}
