//! Writing JSON (RFC 8259). By hand, since a serializer would triple the time a cold `mirage configure` takes.

use std::fmt::Write as _;

/// A JSON value, as text.
pub struct Json(String);

impl Json {
    /// Any text.
    pub fn text(text: &str) -> Self {
        let mut json = String::from('"');
        for character in text.chars() {
            match character {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                '\n' => json.push_str("\\n"),
                control if u32::from(control) < 0x20 => {
                    // Writing to a string cannot fail.
                    let _ = write!(json, "\\u{:04x}", u32::from(control));
                }
                other => json.push(other),
            }
        }
        json.push('"');
        Self(json)
    }

    /// A number.
    pub fn number(number: usize) -> Self {
        Self(number.to_string())
    }

    /// A truth.
    pub fn truth(truth: bool) -> Self {
        Self(truth.to_string())
    }

    /// A value that may be missing.
    pub fn maybe(value: Option<Self>) -> Self {
        value.unwrap_or_else(|| Self("null".to_owned()))
    }

    /// A list.
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.0).collect();
        Self(format!("[{}]", values.join(",")))
    }

    /// A list of texts.
    pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::list(texts.into_iter().map(Self::text))
    }

    /// An object.
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("{}:{}", Self::text(name).0, value.0)).collect();
        Self(format!("{{{}}}", members.join(",")))
    }

    /// The text, to be written.
    pub fn into_text(self) -> String {
        self.0
    }
}
