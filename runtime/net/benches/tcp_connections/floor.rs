//! What any table costs that has an entry for each connection.

use std::hint::black_box;
use std::time::Instant;

use hashbrown::HashTable;

use crate::support::Numbers;
use crate::{Order, PACKETS, REQUESTS, median};

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; 8]);

/// Nanoseconds a packet of a look-up by hash that changes `lines` cache lines of what it found, for the request and for
/// the acknowledgment.
pub fn cost(count: usize, lines: usize) -> u128 {
    let mut entries = vec![Line([0; 8]); count * lines];
    let hash = |number: usize| (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut table = HashTable::new();
    for number in 0..count {
        table.insert_unique(hash(number), (number as u32, number as u32), |&(number, _)| hash(number as usize));
    }
    let (order, mut batch) = (Order(Numbers::new(7)), Vec::new());
    let mut spent = Vec::new();
    for _ in 0..2 {
        spent = Vec::new();
        let mut done = 0;
        while done < REQUESTS / 2 {
            order.batch(count, &mut batch);
            let start = Instant::now();
            for _ in 0..2 {
                for &at in &batch {
                    let found = table.find(hash(at), |&(number, _)| number as usize == at);
                    let place = found.map_or(0, |&(_, place)| place as usize * lines);
                    for line in &mut entries[place..place + lines] {
                        line.0[at % 8] += 1;
                    }
                }
            }
            spent.push(start.elapsed());
            done += batch.len();
        }
    }
    black_box(&entries);
    median(spent, PACKETS * batch.len())
}
