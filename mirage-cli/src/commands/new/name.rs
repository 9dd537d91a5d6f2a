//! What a project may be called.

use crate::error::{Error, Exit};

/// Names cargo or Rust would trip over: words of the language, and crates a project already has.
const TAKEN: [&str; 24] = [
    "alloc",
    "async",
    "build",
    "const",
    "core",
    "crate",
    "dist",
    "enum",
    "examples",
    "extern",
    "fn",
    "impl",
    "main",
    "match",
    "mirage",
    "mirage-config",
    "mirage-http",
    "mirage-test",
    "mod",
    "proc-macro",
    "self",
    "std",
    "target",
    "test",
];

/// Checks the name of a new project.
///
/// # Errors
/// [`Exit::Usage`], with a name that would do.
pub fn check(name: &str) -> Result<(), Error> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let refused = |why: &str| {
        let error = Error::new(Exit::Usage, format!("a project cannot be called `{name}`: {why}"));
        match suggestion(name) {
            Some(other) => error.hint(format!("`{other}` would do")),
            None => error.hint("a name such as `hello` would do"),
        }
    };
    if !begins || !name.chars().all(letters) || name.len() > 64 {
        Err(refused("lower-case letters, digits, `-` and `_` are wanted, a letter first, 64 at most"))
    } else if TAKEN.contains(&name) {
        Err(refused("that name has a meaning already"))
    } else {
        Ok(())
    }
}

/// A name as like the given one as may be.
fn suggestion(name: &str) -> Option<String> {
    let kept = name.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') => c.to_ascii_lowercase(),
        _ => '-',
    });
    let name: String = kept.skip_while(|c| !c.is_ascii_lowercase()).take(60).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        None
    } else if TAKEN.contains(&name) {
        Some(format!("my-{name}"))
    } else {
        Some(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_will_not_do_comes_with_one_that_will() {
        for (name, suggested) in
            [("Hello", "hello"), ("9lives", "lives"), ("my site", "my-site"), ("test", "my-test"), ("über", "ber")]
        {
            let error = check(name).unwrap_err();
            assert_eq!(error.hints, [format!("`{suggested}` would do")], "{name}");
            assert!(check(suggested).is_ok());
        }
        assert!(check("").is_err() && check("-").is_err());
        assert!(check("hello").is_ok() && check("my-site_2").is_ok());
    }
}
