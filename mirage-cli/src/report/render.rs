//! Errors as people read them: what is wrong, where, and what to do.

use std::fs;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use camino::Utf8Path;

use crate::error::{Error, Place};

/// An error and those that go with it, for a terminal; without colours it reads the same.
pub fn error(error: &Error) -> String {
    let mut text = one(error);
    for more in &error.more {
        text += "\n\n";
        text += &one(more);
    }
    text
}

fn one(error: &Error) -> String {
    let sources: Vec<(&Place, String)> =
        error.places.iter().map(|place| (place, fs::read_to_string(&place.file).unwrap_or_default())).collect();
    let here = std::env::current_dir().unwrap_or_default();
    let here = Utf8Path::from_path(&here).unwrap_or(Utf8Path::new(""));
    let title = Level::ERROR.primary_title(&error.message);
    let mut main = Group::with_title(title);
    for (index, (place, source)) in sources.iter().enumerate() {
        let path = place.file.strip_prefix(here).unwrap_or(&place.file).as_str();
        let Some(span) = line(source, place.line) else {
            main = main.element(annotate_snippets::Origin::path(path).line(place.line as usize));
            continue;
        };
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(span);
        let annotation = if place.label.is_empty() { annotation } else { annotation.label(&place.label) };
        main = main.element(Snippet::source(source.as_str()).path(path).annotation(annotation));
    }
    let mut text = Renderer::styled().render(&[main]);
    if let Some(detail) = error.detail.as_deref().filter(|detail| !detail.trim().is_empty()) {
        text.push('\n');
        text += detail.trim_end();
    }
    let style = super::ASIDE;
    for hint in &error.hints {
        text += &format!("\n{style}hint{style:#}: {hint}");
    }
    text
}

/// Where the text of a line lies in a source, without the white space around it.
fn line(source: &str, number: u32) -> Option<Range<usize>> {
    let mut start = 0;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        if index + 1 == number as usize {
            let from = start + line.len() - line.trim_start().len();
            return Some(from..from + line.trim().len());
        }
        start += line.len();
    }
    None
}
