//! Entries in lists, without an allocation for each.

use alloc::vec::Vec;

/// No place.
const NONE: u32 = u32::MAX;

/// Entries side by side in memory, each in at most one [`List`]. Places of removed entries are used again.
pub struct Nodes<T> {
    nodes: Vec<Node<T>>,
    free: List,
    length: usize,
}

/// An entry and its neighbours in its list.
pub struct Node<T> {
    value: T,
    before: u32,
    after: u32,
}

/// The ends of a list.
#[derive(Clone, Copy, Debug)]
pub struct List {
    first: u32,
    last: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl List {
    pub fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), free: List::default(), length: 0 }
    }
}

impl<T: Copy> Nodes<T> {
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn get(&self, place: u32) -> &T {
        &self.nodes[place as usize].value
    }

    pub fn get_mut(&mut self, place: u32) -> &mut T {
        &mut self.nodes[place as usize].value
    }

    /// Puts an entry at the end of `list`.
    pub fn insert(&mut self, value: T, list: &mut List) -> u32 {
        let mut free = self.free;
        let place = match free.first() {
            Some(place) => {
                self.unlink(place, &mut free);
                self.free = free;
                self.nodes[place as usize].value = value;
                place
            }
            None => {
                self.nodes.push(Node { value, before: NONE, after: NONE });
                // The tables have bounds far below this.
                (self.nodes.len() - 1) as u32
            }
        };
        self.length += 1;
        self.push(place, list);
        place
    }

    /// Takes an entry out of `list`, the one it is in, and forgets it.
    pub fn remove(&mut self, place: u32, list: &mut List) -> T {
        self.unlink(place, list);
        let mut free = self.free;
        self.push(place, &mut free);
        self.free = free;
        self.length -= 1;
        self.nodes[place as usize].value
    }

    /// Moves an entry from `list` to the end of `to`.
    pub fn relink(&mut self, place: u32, list: &mut List, to: &mut List) {
        self.unlink(place, list);
        self.push(place, to);
    }

    /// Moves an entry to the end of the list it is in.
    pub fn move_back(&mut self, place: u32, list: &mut List) {
        self.unlink(place, list);
        self.push(place, list);
    }

    fn push(&mut self, place: u32, list: &mut List) {
        let node = &mut self.nodes[place as usize];
        (node.before, node.after) = (list.last, NONE);
        match list.last {
            NONE => list.first = place,
            last => self.nodes[last as usize].after = place,
        }
        list.last = place;
    }

    fn unlink(&mut self, place: u32, list: &mut List) {
        let Node { before, after, .. } = self.nodes[place as usize];
        match before {
            NONE => list.first = after,
            before => self.nodes[before as usize].after = after,
        }
        match after {
            NONE => list.last = before,
            after => self.nodes[after as usize].before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_the_order_of_their_list_and_places_are_used_again() {
        let (mut nodes, mut one, mut two) = (Nodes::default(), List::default(), List::default());
        let places = [1, 2, 3].map(|value| nodes.insert(value, &mut one));
        nodes.relink(places[1], &mut one, &mut two);
        nodes.move_back(places[0], &mut one);
        assert_eq!(one.first(), Some(places[2]));
        assert_eq!(two.first(), Some(places[1]));
        assert_eq!(nodes.remove(places[2], &mut one), 3);
        assert_eq!(one.first(), Some(places[0]));
        assert_eq!(nodes.insert(4, &mut two), places[2]);
        assert_eq!((nodes.len(), *nodes.get(places[2])), (3, 4));
        nodes.remove(places[0], &mut one);
        nodes.remove(places[1], &mut two);
        nodes.remove(places[2], &mut two);
        assert_eq!((one.first(), two.first(), nodes.len()), (None, None, 0));
    }
}
