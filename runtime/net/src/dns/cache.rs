//! What name servers have said, for as long as they said.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use mirage::time::Instant;

use super::{Kind, Name};

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has these addresses, at least one.
    Addresses(Vec<IpAddr>),
    /// It has none of this kind.
    NoAddress,
    /// It does not exist.
    Missing,
}

/// What is known of names, bounded.
#[derive(Default)]
pub struct Cache {
    /// So few that they are looked through one by one.
    entries: Vec<Entry>,
    /// Counts uses, to tell which is longest ago.
    uses: u64,
}

struct Entry {
    name: Name,
    kind: Kind,
    known: Known,
    until: Instant,
    used: u64,
}

impl Cache {
    /// The most entries; a name has two.
    pub const ENTRIES: usize = 512;
    /// The longest an address is remembered: a day.
    const LONGEST: u32 = 24 * 60 * 60;
    /// The longest it is remembered that there is none: five minutes, well within what RFC 2308, section 5 allows.
    const LONGEST_NONE: u32 = 5 * 60;

    /// What is known of a name's addresses of this kind.
    pub fn get(&mut self, name: &Name, kind: Kind, now: Instant) -> Option<Known> {
        let entry = self.entries.iter_mut().find(|entry| entry.is(name, kind)).filter(|entry| now < entry.until)?;
        self.uses += 1;
        entry.used = self.uses;
        Some(entry.known.clone())
    }

    /// Remembers something for so many seconds; 0 is not at all. Whatever is longest unused makes room for it.
    pub fn put(&mut self, name: &Name, kind: Kind, known: Known, seconds: u32, now: Instant) {
        let most = if matches!(known, Known::Addresses(_)) { Self::LONGEST } else { Self::LONGEST_NONE };
        self.entries.retain(|entry| !entry.is(name, kind));
        if seconds == 0 {
            return;
        }
        if self.entries.len() >= Self::ENTRIES {
            self.make_room(now);
        }
        let until = now + Duration::from_secs(seconds.min(most).into());
        self.uses += 1;
        self.entries.push(Entry { name: name.clone(), kind, known, until, used: self.uses });
    }

    fn make_room(&mut self, now: Instant) {
        self.entries.retain(|entry| now < entry.until);
        if self.entries.len() >= Self::ENTRIES {
            // Each use has a number of its own.
            let oldest = self.entries.iter().map(|entry| entry.used).min();
            self.entries.retain(|entry| Some(entry.used) != oldest);
        }
    }
}

impl Entry {
    fn is(&self, name: &Name, kind: Kind) -> bool {
        self.name == *name && self.kind == kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use core::net::Ipv4Addr;

    fn name(number: usize) -> Name {
        Name::new(&format!("n{number}.example")).expect("a name")
    }

    fn addresses() -> Known {
        Known::Addresses(vec![Ipv4Addr::LOCALHOST.into()])
    }

    #[test]
    fn forgets_in_time() {
        let (mut cache, start) = (Cache::default(), Instant::START);
        let at = |seconds| start + Duration::from_secs(seconds);
        cache.put(&name(1), Kind::A, addresses(), 10, start);
        assert_eq!(cache.get(&name(1), Kind::A, at(9)), Some(addresses()));
        assert_eq!(cache.get(&name(1), Kind::Aaaa, at(9)), None);
        assert_eq!(cache.get(&name(1), Kind::A, at(10)), None);
        cache.put(&name(2), Kind::A, addresses(), 0, start);
        assert_eq!(cache.get(&name(2), Kind::A, start), None);
        cache.put(&name(3), Kind::A, addresses(), u32::MAX, start);
        assert_eq!(cache.get(&name(3), Kind::A, at(86_400)), None);
        cache.put(&name(4), Kind::A, Known::Missing, 86_400, start);
        assert_eq!(cache.get(&name(4), Kind::A, at(299)), Some(Known::Missing));
        assert_eq!(cache.get(&name(4), Kind::A, at(300)), None);
    }

    #[test]
    fn is_bounded_and_forgets_what_is_longest_unused() {
        let (mut cache, now) = (Cache::default(), Instant::START);
        for number in 0..Cache::ENTRIES {
            cache.put(&name(number), Kind::A, addresses(), 10, now);
        }
        assert!(cache.get(&name(0), Kind::A, now).is_some());
        for number in 0..10 {
            cache.put(&name(1000 + number), Kind::A, addresses(), 10, now);
        }
        assert_eq!(cache.entries.len(), Cache::ENTRIES);
        assert!(cache.get(&name(0), Kind::A, now).is_some(), "it was used");
        assert!(cache.get(&name(1), Kind::A, now).is_none());
        cache.put(&name(5000), Kind::A, addresses(), 10, now + Duration::from_secs(60));
        assert_eq!(cache.entries.len(), 1, "nothing else lasts so long");
    }
}
