//! Which bytes are literals and which repeat what: of all ways, one that makes about the smallest block.

use super::matches::{LONG, Matches, find, same};
use super::{AGAIN, BOOK, Command, END, LITERALS, NEAR, SHORT, kind};

/// How often what commands cost is guessed from those that were chosen: first what could become of them,
const GUESSED: usize = 5;
/// and then what is in the book and what is not.
const SETTLED: usize = 4;

/// Costs are counted in so many parts of a bit.
const BIT: u32 = 16;
const BYTE: u32 = 8 * BIT;

/// Literals and a repetition.
pub struct Step {
    pub literals: usize,
    pub length: usize,
    pub back: usize,
    pub command: Command,
}

/// The best way that was found to where a repetition ends: the literals before it, and it.
#[derive(Clone, Copy)]
struct Way {
    cost: u32,
    literals: u32,
    length: u32,
    back: u32,
    command: Command,
}

/// The steps that make `bytes`, up to the one that ends them.
pub fn parse(bytes: &[u8]) -> Vec<Step> {
    let matches = find(bytes);
    let mut costs = [BYTE; Command::COUNT];
    let mut steps = vec![];
    for round in 1..=GUESSED + SETTLED {
        steps = cheapest(bytes, &matches, &costs);
        costs = costs_of(&steps, round < GUESSED);
    }
    steps
}

/// What commands cost once the book has those that were used most. While that is a guess, one that is used a little less may
/// still come into it.
fn costs_of(steps: &[Step], guess: bool) -> [u32; Command::COUNT] {
    let mut uses = [0_u32; Command::COUNT];
    steps.iter().for_each(|step| uses[usize::from(step.command.0)] += 1);
    let mut order: Vec<_> = (0..Command::COUNT).filter(|&command| uses[command] > 0).collect();
    order.sort_by_key(|&command| std::cmp::Reverse(uses[command]));
    let mut costs = [2 * BYTE; Command::COUNT];
    for (rank, &command) in order.iter().enumerate() {
        costs[command] = match rank {
            ..BOOK => BYTE,
            _ if guess => BYTE + (BYTE as usize * (rank - BOOK) / (3 * BOOK)).min(BYTE as usize) as u32,
            _ => 2 * BYTE,
        };
    }
    costs
}

fn cheapest(bytes: &[u8], matches: &Matches, costs: &[u32; Command::COUNT]) -> Vec<Step> {
    let nowhere = Way { cost: u32::MAX, literals: 0, length: 0, back: 0, command: Command::new(0, 0, END) };
    let mut ways = vec![nowhere; bytes.len() + 1];
    ways[0].cost = 0;
    let mut many = Literals::NOWHERE;
    let mut at = 0;
    while at < bytes.len() {
        let open = open(&ways[..=at], &mut many);
        let mut longest = 0;
        let mut repeat = |before: &Literals, kind: usize, back: usize, length: usize| {
            // What is written at once does not see what it writes itself.
            if length <= SHORT && back < length {
                return;
            }
            let place = match kind {
                ..NEAR => BYTE,
                NEAR..AGAIN => 2 * BYTE,
                _ => 0,
            };
            let more = length.checked_sub(SHORT + 1).map_or(0, |beyond| BYTE * (1 + beyond as u32 / 255));
            let command = Command::new(before.count, length, kind);
            let cost = before.cost + costs[usize::from(command.0)] + place + more;
            let there = &mut ways[at + length];
            if cost < there.cost {
                let (literals, length, back) = (before.count as u32, length as u32, back as u32);
                *there = Way { cost, literals, length, back, command };
            }
        };
        for before in &open {
            if (1..=at).contains(&before.back) {
                let length = same(bytes, at - before.back, at);
                longest = longest.max(length);
                lengths(2, length).for_each(|length| repeat(before, AGAIN, before.back, length));
            }
            let mut from = 2;
            for found in matches.at(at) {
                let kind = kind(found.back);
                lengths(from, found.length).for_each(|length| repeat(before, kind, found.back, length));
                from = found.length + 1;
                longest = longest.max(found.length);
            }
        }
        // A long repetition is taken as a whole: no way begins within it.
        if longest > LONG {
            at += longest;
            many = Literals::NOWHERE;
        } else {
            at += 1;
        }
    }
    let open = open(&ways, &mut many);
    let literals = open.iter().min_by_key(|before| before.cost).map_or(0, |before| before.count);
    steps(&ways, literals)
}

/// Literals that come before what is repeated next.
#[derive(Clone, Copy)]
struct Literals {
    /// Of all up to there.
    cost: u32,
    count: usize,
    /// How far back the repetition before them was from.
    back: usize,
}

impl Literals {
    /// As none could be yet.
    const NOWHERE: Self = Self { cost: u32::MAX, count: 0, back: 0 };
}

/// The ways to the last place that may go on best: by how many literals are behind the last repetition, since that is a part of
/// what a command says. `many` is the best of those of so many that a number says how many, up to the place before.
fn open(ways: &[Way], many: &mut Literals) -> Vec<Literals> {
    let at = ways.len() - 1;
    let after = |count: usize| {
        let way = ways[at.checked_sub(count)?];
        let cost = way.cost.checked_add(BYTE * count as u32)?;
        Some(Literals { cost, count, back: way.back as usize })
    };
    many.count += 1;
    many.cost =
        many.cost.saturating_add(if many.count.saturating_sub(LITERALS).is_multiple_of(255) { 2 * BYTE } else { BYTE });
    if let Some(fewer) = after(LITERALS)
        && fewer.cost + BYTE < many.cost
    {
        *many = Literals { cost: fewer.cost + BYTE, ..fewer };
    }
    let mut open: Vec<_> = (0..LITERALS).filter_map(after).chain([*many]).collect();
    // No command costs two bytes more than another.
    let least = open.iter().map(|literals| literals.cost).min().unwrap_or_default();
    open.retain(|literals| literals.cost < least.saturating_add(2 * BYTE));
    open
}

/// The lengths of a repetition that are tried.
fn lengths(from: usize, to: usize) -> impl Iterator<Item = usize> {
    (from..=to.min(LONG)).chain((to > LONG).then_some(to))
}

/// The steps of the way to the end, before which there are so many literals.
fn steps(ways: &[Way], literals: usize) -> Vec<Step> {
    let mut at = ways.len() - 1 - literals;
    let mut steps = vec![Step { literals, length: 0, back: 0, command: Command::new(literals, 0, END) }];
    while at > 0 {
        let Way { literals, length, back, command, .. } = ways[at];
        let (literals, length, back) = (literals as usize, length as usize, back as usize);
        steps.push(Step { literals, length, back, command });
        at -= literals + length;
    }
    steps.reverse();
    steps
}
