//! Errors and warnings as programs read them.

use serde_json::{Value, json};

use crate::error::Error;

/// A word on the way.
pub fn message(level: &str, message: &str) -> Value {
    json!({ "level": level, "message": message })
}

/// An error and those that go with it.
pub fn error(error: &Error) -> Value {
    let places: Vec<Value> = error
        .places
        .iter()
        .map(|place| json!({ "file": place.file, "line": place.line, "label": place.label }))
        .collect();
    let more: Vec<Value> = error.more.iter().map(self::error).collect();
    json!({
        "level": "error",
        "exit": error.exit as u8,
        "message": error.message,
        "places": places,
        "detail": error.detail,
        "hints": error.hints,
        "more": more,
    })
}
