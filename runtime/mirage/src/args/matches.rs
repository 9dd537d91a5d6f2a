//! A command line checked against the arguments there are.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{ArgsError, Argument, FromArg, Group, ReadError, Shape};
use crate::text::cut;

/// What a command line asks for.
#[derive(Clone, Debug)]
pub enum Request {
    /// To run with these values.
    Run(Values),
    /// The page of [`Usage`](super::Usage).
    Help,
}

/// The values of a command line: every name is one there is, nothing is missing, nothing is there twice that may not.
#[derive(Clone, Debug, Default)]
pub struct Values {
    groups: &'static [Group],
    given: Vec<Given>,
}

#[derive(Clone, Debug)]
struct Given {
    group: usize,
    argument: &'static Argument,
    value: Option<String>,
}

impl Given {
    /// Whether it is for this argument, which is known by its group and its name.
    fn is(&self, group: usize, argument: &Argument) -> bool {
        self.group == group && self.argument.name == argument.name
    }
}

impl Values {
    /// Checks `words` against the arguments of `groups`: `--name VALUE`, `--name=VALUE`, `--flag`.
    ///
    /// # Errors
    /// What the first wrong word is wrong about; then what is missing.
    pub fn parse<W: AsRef<str>>(
        groups: &'static [Group],
        words: impl IntoIterator<Item = W>,
    ) -> Result<Request, ArgsError> {
        let mut given: Vec<Given> = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let word = word.as_ref();
            if word == "--help" {
                return Ok(Request::Help);
            }
            let Some(text) = word.strip_prefix("--") else { return Err(ArgsError::Stray(word.to_owned())) };
            let (name, inline) = match cut(text, b'=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (text, None),
            };
            let Some((group, argument)) = find(groups, name) else { return Err(ArgsError::unknown(groups, name)) };
            let value = match (argument.shape, inline) {
                (Shape::Flag, Some(_)) => return Err(ArgsError::FlagWithValue(argument.name)),
                (Shape::Flag, None) => None,
                (_, Some(value)) => Some(value),
                (_, None) => Some(words.next().ok_or(ArgsError::NoValue(argument.name))?.as_ref().to_owned()),
            };
            let again = given.iter().any(|other| other.is(group, argument));
            if again && argument.shape != Shape::Many {
                return Err(ArgsError::Twice(argument.name));
            }
            given.push(Given { group, argument, value });
        }
        for (index, group) in groups.iter().enumerate() {
            for argument in group.arguments {
                let missing = argument.shape == Shape::Required
                    && argument.default.is_none()
                    && !given.iter().any(|given| given.is(index, argument));
                if missing {
                    return Err(ArgsError::Missing(argument.name));
                }
            }
        }
        Ok(Request::Run(Self { groups, given }))
    }

    /// The values of the group that is `of` something; none were given if there is no such group.
    pub fn group(&self, of: &str) -> Matches<'_> {
        let group = self.groups.iter().position(|group| group.of == of).unwrap_or(usize::MAX);
        Matches { values: self, group }
    }
}

/// The values given for one group of arguments.
#[derive(Clone, Copy, Debug)]
pub struct Matches<'a> {
    values: &'a Values,
    group: usize,
}

impl<'a> Matches<'a> {
    /// Whether the flag was given.
    pub fn flag(&self, argument: &Argument) -> bool {
        self.given(argument).next().is_some()
    }

    /// The value given, or the default, or none.
    ///
    /// # Errors
    /// [`ArgsError::Invalid`].
    pub fn one<T: FromArg>(&self, argument: &Argument) -> Result<Option<T>, ReadError> {
        match self.text(argument) {
            Some(value) => Ok(Some(read(argument, value)?)),
            None => Ok(None),
        }
    }

    /// The value given, or the default.
    ///
    /// # Errors
    /// [`ArgsError::Missing`] or [`ArgsError::Invalid`].
    pub fn required<T: FromArg>(&self, argument: &Argument) -> Result<T, ReadError> {
        match self.text(argument) {
            Some(value) => read(argument, value),
            None => Err(Box::new(ArgsError::Missing(argument.name))),
        }
    }

    fn text(&self, argument: &Argument) -> Option<&'a str> {
        self.given(argument).next().and_then(|given| given.value.as_deref()).or(argument.default)
    }

    /// Every value given, in order.
    ///
    /// # Errors
    /// [`ArgsError::Invalid`].
    pub fn many<T: FromArg>(&self, argument: &Argument) -> Result<Vec<T>, ReadError> {
        let mut values = Vec::new();
        for given in self.given(argument) {
            if let Some(value) = &given.value {
                values.push(read(argument, value)?);
            }
        }
        Ok(values)
    }

    fn given(&self, argument: &Argument) -> impl Iterator<Item = &'a Given> {
        let Self { values, group } = *self;
        values.given.iter().filter(move |given| given.is(group, argument))
    }
}

fn read<T: FromArg>(argument: &Argument, value: &str) -> Result<T, ReadError> {
    match T::from_arg(value) {
        Ok(value) => Ok(value),
        Err(reason) => Err(ArgsError::invalid(argument, value, reason)),
    }
}

/// The group and argument a name means.
fn find(groups: &'static [Group], name: &str) -> Option<(usize, &'static Argument)> {
    for (index, group) in groups.iter().enumerate() {
        let Some(name) = group.local(name) else { continue };
        for argument in group.arguments {
            if argument.name == name {
                return Some((index, argument));
            }
        }
    }
    None
}

impl Group {
    /// A name as this group knows it: without the group's prefix, none if it has another.
    fn local<'n>(&self, name: &'n str) -> Option<&'n str> {
        match self.prefix {
            "" => Some(name),
            prefix => name.strip_prefix(prefix)?.strip_prefix('-'),
        }
    }
}

impl ArgsError {
    #[cold]
    #[inline(never)]
    fn invalid(argument: &Argument, value: &str, reason: String) -> ReadError {
        Box::new(Self::Invalid { name: argument.name, value: value.to_owned(), reason })
    }

    #[cold]
    #[inline(never)]
    fn unknown(groups: &[Group], name: &str) -> Self {
        let mut nearest = ("help".to_owned(), distance("help", name));
        for group in groups {
            for argument in group.arguments {
                let there = group.name(argument);
                let distance = distance(&there, name);
                if (distance, &there) < (nearest.1, &nearest.0) {
                    nearest = (there, distance);
                }
            }
        }
        // A third of the letters may be off: more is another word.
        let nearest = (nearest.1 <= name.len().div_ceil(3)).then_some(nearest.0);
        Self::Unknown { name: name.to_owned(), nearest }
    }
}

/// Levenshtein's distance in bytes: how many are to be added, dropped or changed.
fn distance(left: &str, right: &str) -> usize {
    let mut row = Vec::new();
    for dropped in 0..=right.len() {
        row.push(dropped);
    }
    for (i, a) in left.bytes().enumerate() {
        let (mut diagonal, mut before) = (i, i + 1);
        let mut cells = row.iter_mut();
        cells.next().into_iter().for_each(|first| *first = before);
        for (cell, b) in cells.zip(right.bytes()) {
            before = (diagonal + usize::from(a != b)).min(before + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}
