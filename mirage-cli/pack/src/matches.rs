//! Where bytes repeat earlier ones.

use super::REACH;

/// How much is looked at for each repetition: a place is one, and so are as many bytes as are compared there,
const LOOKED_AT: usize = 2048;
const COMPARED: usize = 32;
/// but no more than this for all of them.
const ALL: usize = 1 << 30;
/// A repetition longer than that is good enough, and what is within it is not looked for.
pub const LONG: usize = 256;

/// A repetition: how long it is at most, and how far back from.
#[derive(Clone, Copy)]
pub struct Match {
    pub length: usize,
    pub back: usize,
}

/// The repetitions at each place, each longer and from farther back than the one before it.
pub struct Matches {
    all: Vec<Match>,
    ends: Vec<usize>,
}

impl Matches {
    /// Those at a place.
    pub fn at(&self, at: usize) -> &[Match] {
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[from..self.ends[at]]
    }
}

/// For how long the bytes at two places are the same.
pub fn same(bytes: &[u8], there: usize, here: usize) -> usize {
    bytes[there..].iter().zip(&bytes[here..]).take_while(|(one, other)| one == other).count()
}

/// Finds those of two bytes and more.
pub fn find(bytes: &[u8]) -> Matches {
    let mut found = Matches { all: vec![], ends: Vec::with_capacity(bytes.len()) };
    let looked_at = LOOKED_AT.min(ALL / bytes.len().max(1));
    let (mut pairs, mut triples) = (Chains::new(bytes.len()), Chains::new(bytes.len()));
    for at in 0..bytes.len() {
        let before = at.checked_sub(1).and_then(|before| found.at(before).last().copied());
        let within = before.filter(|before| before.length > LONG);
        found.all.extend(within.map(|Match { length, back }| Match { length: length - 1, back }));
        // Two bytes are only worth it from near, and there is no nearer place than the newest.
        if let Some(two) = bytes[at..].first_chunk::<2>() {
            let key = usize::from(u16::from_le_bytes(*two));
            if within.is_none() {
                found.look(bytes, at, pairs.back_from(key), 1);
            }
            pairs.push(key, at);
        }
        if let Some([one, two, three]) = bytes[at..].first_chunk() {
            let key = u32::from_le_bytes([*one, *two, *three, 0]).wrapping_mul(0x9e37_79b1) >> 16;
            if within.is_none() {
                found.look(bytes, at, triples.back_from(key as usize), looked_at);
            }
            triples.push(key as usize, at);
        }
        found.ends.push(found.all.len());
    }
    found
}

impl Matches {
    /// Looks at places farther and farther back for repetitions longer than those there are.
    fn look(&mut self, bytes: &[u8], at: usize, places: impl Iterator<Item = usize>, mut looks: usize) {
        let begins = self.ends.last().copied().unwrap_or_default();
        let mut longest = self.all[begins..].last().map_or(1, |found| found.length);
        for there in places.take_while(|there| at - there < REACH) {
            // Longer than the longest one only if it goes on where that ends.
            if looks == 0 || longest > LONG || at + longest >= bytes.len() {
                return;
            }
            looks -= 1;
            if bytes[there + longest] == bytes[at + longest] {
                let length = same(bytes, there, at);
                looks = looks.saturating_sub(length / COMPARED);
                if length > longest {
                    longest = length;
                    self.all.push(Match { length, back: at - there });
                }
            }
        }
    }
}

/// Places by what is there, the newest one first.
struct Chains {
    newest: Vec<u32>,
    older: Vec<u32>,
}

impl Chains {
    const NONE: u32 = u32::MAX;

    fn new(places: usize) -> Self {
        Self { newest: vec![Self::NONE; 1 << 16], older: vec![Self::NONE; places] }
    }

    fn push(&mut self, key: usize, at: usize) {
        self.older[at] = std::mem::replace(&mut self.newest[key], at as u32);
    }

    fn back_from(&self, key: usize) -> impl Iterator<Item = usize> {
        let there = |at: u32| (at != Self::NONE).then_some(at as usize);
        std::iter::successors(there(self.newest[key]), move |&at| there(self.older[at]))
    }
}
