//! The cache: who has which hardware address, as far as that is known (RFC 4861 §7.3, which RFC 1122 §2.3.2 asks of ARP
//! too in other words). Without input or output of its own, and bounded whatever comes.

use alloc::vec::Vec;
use core::time::Duration;

use mirage::time::Instant;
use mirage::{MacAddress, Offload};

use super::Held;
use crate::due::earliest;
use crate::index::Index;

/// The most neighbours remembered.
const MOST: usize = 1024;
/// The most packets that wait for one neighbour; the oldest makes room.
const HELD: usize = 8;
/// The most bytes that wait for all of them.
const HELD_BYTES: usize = 256 * 1024;
/// How long an answer is good for (RFC 4861 §10, REACHABLE_TIME).
const REACHABLE: Duration = Duration::from_secs(30);
/// How long an answer is waited for (RFC 4861 §10, RETRANS_TIMER).
const RETRANSMIT: Duration = Duration::from_secs(1);
/// How often a neighbour is asked (RFC 4861 §10, MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT).
const TRIES: u8 = 3;
/// How long nobody is asked again who has not answered: twice as long each time, up to this.
const LONGEST_SILENCE: Duration = Duration::from_secs(32);
/// The most packets that are told of as given up.
const GIVEN_UP: usize = 64;

/// Hardware addresses by address, whose bits are all that counts of it.
pub struct Cache {
    entries: Vec<Entry>,
    /// Where in them an address is.
    index: Index,
    /// What hashes begin with, so that nobody can foretell which neighbours meet.
    secret: u64,
    /// The places of those who are being asked.
    asked: Vec<u32>,
    /// Whether somebody was added to them since that was last looked at.
    news: bool,
    held: usize,
    /// Packets that waited for somebody who has not answered, until whoever sent them hears of it.
    given_up: Vec<Vec<u8>>,
}

struct Entry {
    address: u128,
    state: State,
    used: Instant,
    held: Vec<Held>,
}

#[derive(Clone, Copy)]
enum State {
    /// Nobody has answered yet.
    Asking { tries: u8, next: Instant, silence: Duration },
    /// Known; confirmed until a moment, after which the next packet asks again.
    Known { mac: MacAddress, until: Instant },
    /// Known, and being asked whether it is still so.
    Confirming { mac: MacAddress, tries: u8, next: Instant },
    /// Nobody answered; nobody is asked until a moment.
    Silent { until: Instant, silence: Duration },
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It goes to this hardware address.
    To(MacAddress),
    /// It is kept until somebody answers.
    Held,
    /// Nobody has answered lately.
    Unreachable,
}

impl Cache {
    /// An empty cache.
    pub fn new(secret: u64) -> Self {
        let (entries, index, asked, given_up) = (Vec::new(), Index::default(), Vec::new(), Vec::new());
        Self { entries, index, secret, asked, news: false, held: 0, given_up }
    }

    /// Where a packet to a neighbour goes; it is kept if that is not known yet.
    pub fn send(&mut self, to: u128, packet: &[&[u8]], offload: Offload, now: Instant) -> Way {
        let Some((place, entry)) = self.find(to) else {
            let silence = RETRANSMIT;
            let place = self.insert(to, State::Asking { tries: 0, next: now, silence }, now);
            self.ask(place);
            self.hold(place, packet, offload);
            return Way::Held;
        };
        entry.used = now;
        match entry.state {
            State::Known { mac, until } => {
                if until <= now {
                    entry.state = State::Confirming { mac, tries: 0, next: now };
                    self.ask(place);
                }
                Way::To(mac)
            }
            State::Confirming { mac, .. } => Way::To(mac),
            State::Asking { .. } => {
                self.hold(place, packet, offload);
                Way::Held
            }
            State::Silent { until, .. } if until > now => Way::Unreachable,
            State::Silent { silence, .. } => {
                entry.state = State::Asking { tries: 0, next: now, silence: (silence * 2).min(LONGEST_SILENCE) };
                self.ask(place);
                self.hold(place, packet, offload);
                Way::Held
            }
        }
    }

    /// Whether somebody is to be asked since this was last called: then [`poll`](Self::poll) has something to do.
    pub fn has_news(&mut self) -> bool {
        core::mem::take(&mut self.news)
    }

    /// A neighbour has said what its hardware address is. Whoever is not known is remembered if `new` says so. Returns
    /// the packets that waited for it.
    pub fn learn(&mut self, address: u128, mac: MacAddress, new: bool, now: Instant) -> Vec<Held> {
        let known = State::Known { mac, until: now + REACHABLE };
        match self.find(address) {
            Some((place, entry)) => {
                entry.state = known;
                return self.release(place);
            }
            None if new => _ = self.insert(address, known, now),
            None => {}
        }
        Vec::new()
    }

    /// Who is to be asked now, with the hardware address of those who are only to confirm it; and when the next is due.
    pub fn poll(&mut self, now: Instant) -> (Vec<(u128, Option<MacAddress>)>, Option<Instant>) {
        let (mut due_now, mut next) = (Vec::new(), None);
        let Self { entries, asked, held, given_up, .. } = self;
        asked.retain(|&place| {
            let entry = &mut entries[place as usize];
            let (tries, due) = match &mut entry.state {
                State::Asking { tries, next, .. } | State::Confirming { tries, next, .. } => (tries, next),
                State::Known { .. } | State::Silent { .. } => return false,
            };
            if *due <= now {
                if *tries == TRIES {
                    *held -= entry.held.iter().map(|held| held.packet.len()).sum::<usize>();
                    let left = GIVEN_UP.saturating_sub(given_up.len());
                    given_up.extend(core::mem::take(&mut entry.held).into_iter().take(left).map(|held| held.packet));
                    entry.state = match entry.state {
                        // It has moved, perhaps: everybody is asked, and packets wait.
                        State::Confirming { .. } => {
                            due_now.push((entry.address, None));
                            State::Asking { tries: 1, next: now + RETRANSMIT, silence: RETRANSMIT }
                        }
                        State::Asking { silence, .. } => State::Silent { until: now + silence, silence },
                        other => other,
                    };
                    if let State::Asking { next: due, .. } = entry.state {
                        next = earliest(&[next, Some(due)]);
                        return true;
                    }
                    return false;
                }
                *tries += 1;
                *due = now + RETRANSMIT;
                next = earliest(&[next, Some(*due)]);
                let known = if let State::Confirming { mac, .. } = entry.state { Some(mac) } else { None };
                due_now.push((entry.address, known));
            } else {
                next = earliest(&[next, Some(*due)]);
            }
            true
        });
        (due_now, next)
    }

    /// Takes the packets that were given up since this was last called: nobody has answered for whom they were to (RFC
    /// 4861 §7.2.2 and RFC 1122 §2.3.2.2 have their senders told).
    pub fn given_up(&mut self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.given_up)
    }

    fn find(&mut self, address: u128) -> Option<(u32, &mut Entry)> {
        let Self { entries, index, secret, .. } = self;
        let place = index.find(hash(*secret, address), |place| entries[place as usize].address == address)?;
        Some((place, &mut entries[place as usize]))
    }

    fn ask(&mut self, place: u32) {
        self.asked.push(place);
        self.news = true;
    }

    fn hold(&mut self, place: u32, packet: &[&[u8]], offload: Offload) {
        let entry = &mut self.entries[place as usize];
        if entry.held.len() == HELD {
            self.held -= entry.held.remove(0).packet.len();
        }
        let length: usize = packet.iter().map(|part| part.len()).sum();
        // Past the bound packets are lost, as they are wherever a queue is full.
        if self.held + length <= HELD_BYTES {
            self.held += length;
            entry.held.push(Held::new(packet, offload));
        }
    }

    /// Nobody is asked any longer who is at a place; the packets that waited for them.
    fn release(&mut self, place: u32) -> Vec<Held> {
        let held = core::mem::take(&mut self.entries[place as usize].held);
        self.held -= held.iter().map(|held| held.packet.len()).sum::<usize>();
        self.asked.retain(|&asked| asked != place);
        held
    }

    /// Remembers a neighbour, in the place of whoever was not used for longest once there are too many.
    fn insert(&mut self, address: u128, state: State, now: Instant) -> u32 {
        let entry = Entry { address, state, used: now, held: Vec::new() };
        let full = self.entries.len() >= MOST;
        let oldest = if full { (0..).zip(&self.entries).min_by_key(|(_, entry)| entry.used) } else { None };
        let place = match oldest {
            Some((place, oldest)) => {
                self.index.remove(hash(self.secret, oldest.address), place);
                self.release(place);
                self.entries[place as usize] = entry;
                place
            }
            None => {
                self.entries.push(entry);
                // There are few.
                (self.entries.len() - 1) as u32
            }
        };
        self.index.insert(hash(self.secret, address), place);
        place
    }
}

/// A multiplicative hash, folded so that all of its bits depend on all of the address's.
fn hash(secret: u64, address: u128) -> u32 {
    let mixed = ((address >> 64) as u64 ^ address as u64 ^ secret).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 32)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

    fn at(milliseconds: u64) -> Instant {
        Instant::START + Duration::from_millis(milliseconds)
    }

    fn send(cache: &mut Cache, to: u128, now: Instant) -> Way {
        cache.send(to, &[b"packet"], Offload::default(), now)
    }

    #[test]
    fn packets_wait_for_the_answer() {
        let mut cache = Cache::new(7);
        assert_eq!(send(&mut cache, 1, at(0)), Way::Held);
        assert_eq!(send(&mut cache, 1, at(1)), Way::Held);
        assert_eq!(cache.poll(at(1)), (alloc::vec![(1, None)], Some(at(1001))));
        assert_eq!(cache.learn(1, MAC, false, at(2)).len(), 2);
        assert_eq!(send(&mut cache, 1, at(3)), Way::To(MAC));
        assert_eq!(cache.poll(at(3)), (alloc::vec![], None));
        assert_eq!(cache.held, 0);
    }

    #[test]
    fn rfc_1122_2_3_2_1_a_silent_neighbour_is_not_asked_for_every_packet() {
        let mut cache = Cache::new(7);
        send(&mut cache, 1, at(0));
        for second in 0..3 {
            assert_eq!(cache.poll(at(second * 1000)).0.len(), 1);
            assert_eq!(cache.poll(at(second * 1000 + 999)).0.len(), 0);
        }
        assert!(cache.given_up().is_empty());
        assert_eq!(cache.poll(at(3000)), (alloc::vec![], None));
        assert_eq!(cache.given_up(), [b"packet"], "RFC 4861, 7.2.2: whoever sent it is told");
        assert_eq!(send(&mut cache, 1, at(3001)), Way::Unreachable);
        assert_eq!(send(&mut cache, 1, at(4000)), Way::Held, "asked again after a while");
        for second in 4..8 {
            cache.poll(at(second * 1000));
        }
        assert_eq!(send(&mut cache, 1, at(8500)), Way::Unreachable, "and after twice as long the next time");
        assert_eq!(send(&mut cache, 1, at(9000)), Way::Held);
    }

    #[test]
    fn rfc_4861_7_3_3_an_old_answer_is_confirmed_while_it_is_used() {
        let mut cache = Cache::new(7);
        cache.learn(1, MAC, true, at(0));
        assert_eq!(cache.poll(at(40_000)), (alloc::vec![], None), "nobody is asked whom nobody uses");
        assert_eq!(send(&mut cache, 1, at(40_000)), Way::To(MAC));
        assert_eq!(cache.poll(at(40_000)).0, [(1, Some(MAC))]);
        assert_eq!(send(&mut cache, 1, at(40_500)), Way::To(MAC));
        for second in 41..43 {
            assert_eq!(cache.poll(at(second * 1000)).0, [(1, Some(MAC))]);
        }
        assert_eq!(cache.poll(at(43_000)).0, [(1, None)], "then everybody is asked");
        assert_eq!(send(&mut cache, 1, at(43_000)), Way::Held);
    }

    #[test]
    fn it_is_bounded_whatever_comes() {
        let mut cache = Cache::new(7);
        for address in 0..5000 {
            cache.learn(address, MAC, true, at(address as u64));
            send(&mut cache, 10_000 + address, at(address as u64));
        }
        assert_eq!(cache.entries.len(), MOST);
        assert!(cache.asked.len() <= MOST && cache.held <= HELD_BYTES);
        for _ in 0..100 {
            send(&mut cache, 14_999, at(6000));
        }
        assert_eq!(cache.learn(14_999, MAC, false, at(6000)).len(), HELD);
        cache.learn(77_777, MAC, false, at(6000));
        assert_eq!(send(&mut cache, 77_777, at(6001)), Way::Held, "nobody is remembered unasked");
    }
}
