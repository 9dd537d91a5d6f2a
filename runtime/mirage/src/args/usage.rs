//! The page `--help` prints.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
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
        let Self { name, groups } = self;
        writeln!(f, "Usage: {name} [OPTIONS]")?;
        let rows: Vec<(&Group, Vec<Row>)> = groups
            .iter()
            .filter(|group| !group.arguments.is_empty())
            .map(|group| (group, group.arguments.iter().map(|argument| Row::of(group, argument)).collect()))
            .collect();
        let help = Row { left: "--help".into(), right: "Print this page".into() };
        let width = rows.iter().flat_map(|(_, rows)| rows).chain([&help]).map(Row::width).max().unwrap_or_default();
        for (group, rows) in &rows {
            write!(f, "\nOptions of {}:\n", group.of)?;
            rows.iter().try_for_each(|row| row.write(f, width))?;
        }
        f.write_str("\n")?;
        help.write(f, width)
    }
}

struct Row {
    left: String,
    right: String,
}

impl Row {
    fn of(group: &Group, argument: &Argument) -> Self {
        let mut left = format!("--{}", group.name(argument));
        if argument.shape != Shape::Flag {
            left.push(' ');
            left.push_str(argument.value);
        }
        let note = match (argument.default, argument.shape) {
            (Some(default), _) => format!(" [default: {default}]"),
            (None, Shape::Required) => " [required]".into(),
            (None, Shape::Many) => " [repeatable]".into(),
            (None, Shape::Flag | Shape::One) => String::new(),
        };
        Self { left, right: format!("{}{note}", argument.doc) }
    }

    fn width(&self) -> usize {
        self.left.chars().count()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        let padding = width - self.width();
        writeln!(f, "  {}{:padding$}  {}", self.left, "", self.right)
    }
}
