//! One line of words: the quoting rule of kernel command lines.
//!
//! Words are separated by white space. Between `'…'` everything is taken as it is. Between `"…"`, and outside quotes,
//! a backslash takes the next character as it is. Quotes may begin and end within a word, and an empty pair is an
//! empty word. The rule is a part of the shell's, so that a line copied from a shell means the same here.

use alloc::string::String;
use alloc::vec::Vec;

use super::ArgsError;

/// Cuts a line into words.
///
/// # Errors
/// [`ArgsError::OpenQuote`] when a quote is not closed, or the line ends with a backslash.
pub fn words(line: &str) -> Result<Vec<String>, ArgsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => quoted(character, &mut characters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(characters.next().ok_or(ArgsError::OpenQuote('\\'))?),
            space if space.is_ascii_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes what is left of a quoted part, up to and with its closing quote.
fn quoted(quote: char, characters: &mut core::str::Chars<'_>, word: &mut String) -> Result<(), ArgsError> {
    let open = || ArgsError::OpenQuote(quote);
    loop {
        match characters.next().ok_or_else(open)? {
            closing if closing == quote => return Ok(()),
            '\\' if quote == '"' => word.push(characters.next().ok_or_else(open)?),
            other => word.push(other),
        }
    }
}

/// Writes words as one line that [`words`] cuts into the same words again.
pub fn join<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let mut line = String::new();
    for word in words {
        let word = word.as_ref();
        if !line.is_empty() {
            line.push(' ');
        }
        let plain = |c: char| !c.is_ascii_whitespace() && !matches!(c, '\'' | '"' | '\\');
        if !word.is_empty() && word.chars().all(plain) {
            line.push_str(word);
        } else {
            line.push('"');
            for character in word.chars() {
                if matches!(character, '"' | '\\') {
                    line.push('\\');
                }
                line.push(character);
            }
            line.push('"');
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_keep_spaces_and_each_other() {
        let cut = |line| words(line).unwrap();
        assert_eq!(cut("  a  b\tc "), ["a", "b", "c"]);
        assert_eq!(
            cut(r#"--name="two words" 'it''s' "say \"hi\"" \  """#),
            ["--name=two words", "its", "say \"hi\"", " ", ""]
        );
        assert_eq!(cut(r"'\n'"), [r"\n"]);
    }

    #[test]
    fn an_open_quote_is_refused() {
        assert_eq!(words("'a"), Err(ArgsError::OpenQuote('\'')));
        assert_eq!(words("\"a\\\""), Err(ArgsError::OpenQuote('"')));
        assert_eq!(words("a\\"), Err(ArgsError::OpenQuote('\\')));
    }

    proptest! {
        #[test]
        fn every_command_line_survives(argv: Vec<String>) {
            prop_assert_eq!(words(&join(&argv)).unwrap(), argv);
        }

        #[test]
        fn no_line_is_too_odd(line: String) {
            let _ = words(&line);
        }
    }
}
