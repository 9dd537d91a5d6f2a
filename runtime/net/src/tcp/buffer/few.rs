//! A queue that most of the time holds one thing or none.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// A queue whose first element stands in itself and only the others elsewhere: what an idle connection keeps is where
/// the connection is, and one packet at a time allocates nothing.
#[derive(Debug)]
pub struct Few<T> {
    first: Option<T>,
    #[expect(clippy::box_collection, reason = "one word while there are none, which is most of the time")]
    rest: Option<Box<VecDeque<T>>>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

impl<T> Few<T> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.first.as_mut()
    }

    pub fn back(&self) -> Option<&T> {
        self.rest.as_ref().and_then(|rest| rest.back()).or(self.first.as_ref())
    }

    pub fn back_mut(&mut self) -> Option<&mut T> {
        let Self { first, rest } = self;
        rest.as_mut().and_then(|rest| rest.back_mut()).or(first.as_mut())
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        match index.checked_sub(1) {
            None => self.first.as_mut(),
            Some(index) => self.rest.as_mut()?.get_mut(index),
        }
    }

    pub fn push_back(&mut self, value: T) {
        match self.first {
            None => self.first = Some(value),
            Some(_) => self.rest.get_or_insert_default().push_back(value),
        }
    }

    /// Takes the first; with the last one goes what a burst needed.
    pub fn pop_front(&mut self) -> Option<T> {
        let next = self.rest.as_mut().and_then(|rest| rest.pop_front());
        if next.is_none() {
            self.rest = None;
        }
        core::mem::replace(&mut self.first, next)
    }

    /// Puts one where it then stands; behind all others if there are fewer.
    pub fn insert(&mut self, index: usize, value: T) {
        match (index, self.first.take()) {
            (0, Some(first)) => {
                self.rest.get_or_insert_default().push_front(first);
                self.first = Some(value);
            }
            (_, None) => self.first = Some(value),
            (_, Some(first)) => {
                self.first = Some(first);
                let rest = self.rest.get_or_insert_default();
                rest.insert((index - 1).min(rest.len()), value);
            }
        }
    }

    /// How many stand in front for which `is` holds, if it holds for none behind them.
    pub fn partition_point(&self, mut is: impl FnMut(&T) -> bool) -> usize {
        match (&self.first, &self.rest) {
            (Some(first), rest) if is(first) => 1 + rest.as_ref().map_or(0, |rest| rest.partition_point(is)),
            _ => 0,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.rest.as_ref().map(|rest| rest.iter()).unwrap_or_default())
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(self.rest.as_mut().map(|rest| rest.iter_mut()).unwrap_or_default())
    }

    /// Those from `index` on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = &T> {
        let first = self.first.iter().skip(index);
        let at = index.saturating_sub(1);
        first.chain(self.rest.as_ref().map(|rest| rest.range(at.min(rest.len())..)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::VecDeque;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::Few;

    proptest! {
        /// It is like any other queue.
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec((0u8..4, 0usize..12), 0..60)) {
            let (mut few, mut model) = (Few::default(), VecDeque::new());
            for (number, (step, at)) in steps.into_iter().enumerate() {
                match step {
                    0 => prop_assert_eq!(few.pop_front(), model.pop_front()),
                    1 => {
                        let at = at.min(model.len());
                        few.insert(at, number);
                        model.insert(at, number);
                    }
                    2 => {
                        if let (Some(one), Some(other)) = (few.get_mut(at), model.get_mut(at)) {
                            (*one, *other) = (*one + 1, *other + 1);
                        }
                    }
                    _ => {
                        few.push_back(number);
                        model.push_back(number);
                    }
                }
                prop_assert_eq!(few.iter().copied().collect::<Vec<_>>(), Vec::from(model.clone()));
                prop_assert_eq!(few.iter_mut().map(|one| *one).collect::<Vec<_>>(), Vec::from(model.clone()));
                prop_assert!(few.iter_from(at).eq(model.iter().skip(at)));
                prop_assert_eq!(few.is_empty(), model.is_empty());
                prop_assert_eq!((few.front(), few.back()), (model.front(), model.back()));
                prop_assert_eq!(few.front_mut().copied(), model.front().copied());
                prop_assert_eq!(few.back_mut().copied(), model.back().copied());
                let mut sorted = Few::default();
                (0..model.len()).for_each(|value| sorted.push_back(value));
                prop_assert_eq!(sorted.partition_point(|&value| value < at), at.min(model.len()));
            }
        }
    }
}
