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
    let (mut words, mut word, mut quote, mut escaped) = (Vec::new(), None::<String>, None, false);
    for character in line.chars() {
        if escaped {
            escaped = false;
        } else if quote == Some(character) {
            quote = None;
            continue;
        } else if character == '\\' && quote != Some('\'') {
            escaped = true;
            continue;
        } else if quote.is_none() && matches!(character, '\'' | '"') {
            quote = Some(character);
            word.get_or_insert_default(); // which an empty pair is, too
            continue;
        } else if quote.is_none() && character.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        word.get_or_insert_default().push(character);
    }
    if let Some(open) = quote.or(escaped.then_some('\\')) {
        return Err(ArgsError::OpenQuote(open));
    }
    words.extend(word);
    Ok(words)
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
