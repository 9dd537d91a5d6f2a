//! Names for devices, as the talk has them: `console1`, `stack_direct1`, a counter for each kind of device.

use std::collections::{BTreeMap, BTreeSet};

/// Gives every device a variable and a type alias no other has.
#[derive(Debug, Default)]
pub struct Names {
    counters: BTreeMap<String, usize>,
    taken: BTreeSet<String>,
}

impl Names {
    /// The next variable and alias for a device whose base name is `base`.
    pub fn next(&mut self, base: &str) -> (String, String) {
        let counter = self.counters.entry(base.to_owned()).or_default();
        loop {
            *counter += 1;
            let variable = format!("{base}{counter}");
            let alias = camel(&variable);
            // `a` the eleventh is `a11`, and so is `a1` the first.
            if self.taken.insert(alias.clone()) {
                return (variable, alias);
            }
        }
    }
}

/// `stack_socket1` as the name of a type: `StackSocket1`.
fn camel(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_up_and_never_collide() {
        let mut names = Names::default();
        assert_eq!(names.next("stack_socket"), ("stack_socket1".into(), "StackSocket1".into()));
        assert_eq!(names.next("stack_socket"), ("stack_socket2".into(), "StackSocket2".into()));
        assert_eq!(names.next("a1").0, "a11");
        assert!((0..30).map(|_| names.next("a").0).all(|name| name != "a11"));
    }
}
