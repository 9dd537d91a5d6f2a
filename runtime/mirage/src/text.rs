//! Text taken apart. What the standard library has for it is good for every pattern, and a kilobyte for each; in an image
//! that is for less.

use alloc::string::{String, ToString as _};
use core::fmt::Display;

/// What stands before and behind the first of these bytes, which is an ASCII one.
pub fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    part(text, text.bytes().position(|byte| byte == at)?)
}

/// As [`cut`], the last of them.
pub fn cut_last(text: &str, at: u8) -> Option<(&str, &str)> {
    part(text, text.bytes().rposition(|byte| byte == at)?)
}

fn part(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What an error or another value says: in an image once for all of them.
#[cold]
#[inline(never)]
pub fn displayed(value: &dyn Display) -> String {
    value.to_string()
}

/// These parts as one.
pub fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    parts.iter().for_each(|part| text.push_str(part));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_cut_as_the_standard_library_cuts_it(text in "[a:é]{0,6}") {
            prop_assert_eq!(cut(&text, b':'), text.split_once(':'));
            prop_assert_eq!(cut_last(&text, b':'), text.rsplit_once(':'));
        }
    }
}
