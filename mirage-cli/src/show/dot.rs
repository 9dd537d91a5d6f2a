//! A picture for Graphviz.

use std::fmt::Write as _;

use super::picture::{Picture, Sort};

/// The picture in Graphviz's language.
pub fn dot(picture: &Picture) -> String {
    let mut text = String::from("digraph {\n");
    let title = quoted(&format!("{}\n{}", picture.name, picture.subtitle));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  label = {title}; labelloc = t; rankdir = TB;");
    let _ = writeln!(text, "  node [fontname = \"sans-serif\", shape = box]; edge [fontname = \"sans-serif\"];");
    for (id, one) in picture.boxes.iter().enumerate() {
        let label = std::iter::once(&one.title).chain(&one.lines).map(String::as_str).collect::<Vec<_>>().join("\n");
        let shape = match one.sort {
            Sort::Job => ", style = bold",
            Sort::Device => "",
            Sort::Choice => ", shape = diamond",
            Sort::Arguments => ", shape = note",
        };
        let faint = if one.active { "" } else { ", color = gray70, fontcolor = gray60" };
        let _ = writeln!(text, "  n{id} [label = {}{shape}{faint}];", quoted(&label));
    }
    for arrow in &picture.arrows {
        let label = if arrow.label.is_empty() { String::new() } else { format!("label = {}", quoted(&arrow.label)) };
        let faint = if arrow.active { "" } else { "style = dashed, color = gray70, fontcolor = gray60" };
        let comma = if label.is_empty() || faint.is_empty() { "" } else { ", " };
        let _ = writeln!(text, "  n{} -> n{} [{label}{comma}{faint}];", arrow.from, arrow.to);
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
