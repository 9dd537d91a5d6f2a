//! The page `--help` prints.

use alloc::string::String;
use core::fmt;

use super::{Argument, Group, Shape};

/// The page `--help` prints: every argument of every group, with what it means and its default.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The unikernel's name.
    pub name: &'static str,
    /// Its arguments.
    pub groups: &'static [Group],
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page())
    }
}

/// What stands left of the line about `--help`.
const HELP: &str = "--help";

impl Usage {
    fn page(&self) -> String {
        let (mut page, mut width) = (String::new(), HELP.len());
        for group in self.groups {
            for argument in group.arguments {
                width = width.max(left(group, argument).chars().count());
            }
        }
        push(&mut page, &["Usage: ", self.name, " [OPTIONS]\n"]);
        for group in self.groups {
            if !group.arguments.is_empty() {
                push(&mut page, &["\nOptions of ", group.of, ":\n"]);
            }
            for argument in group.arguments {
                row(&mut page, width, &left(group, argument), &[argument.doc]);
                match (argument.default, argument.shape) {
                    (Some(default), _) => push(&mut page, &[" [default: ", default, "]"]),
                    (None, Shape::Required) => page.push_str(" [required]"),
                    (None, Shape::Many) => page.push_str(" [repeatable]"),
                    (None, Shape::Flag | Shape::One) => {}
                }
                page.push('\n');
            }
        }
        page.push('\n');
        row(&mut page, width, HELP, &["Print this page\n"]);
        page
    }
}

fn left(group: &Group, argument: &Argument) -> String {
    let mut left = String::from("--");
    left.push_str(&group.name(argument));
    if argument.shape != Shape::Flag {
        push(&mut left, &[" ", argument.value]);
    }
    left
}

fn row(page: &mut String, width: usize, left: &str, right: &[&str]) {
    push(page, &["  ", left]);
    for _ in left.chars().count()..width + 2 {
        page.push(' ');
    }
    push(page, right);
}

fn push(page: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| page.push_str(part));
}
