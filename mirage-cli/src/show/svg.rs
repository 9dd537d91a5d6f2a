//! A picture as SVG: one file that needs nothing else, and is readable on light and on dark.

use std::fmt::Write as _;

use super::layout::{Layout, Spot, layout};
use super::picture::{Box, Picture, Sort};

/// The height of a line of text, in pixels.
const LINE: f64 = 17.0;

/// The width of a letter, in pixels: what a sans-serif of this size needs at the most, on average.
const LETTER: f64 = 7.3;

/// Around the picture, and within a box.
const MARGIN: f64 = 24.0;
const PADDING: (f64, f64) = (12.0, 8.0);

/// The height of the title.
const HEADER: f64 = 62.0;

/// Plain colours, and others where the reader asks for dark: not every program that shows SVG knows CSS variables.
const STYLE: &str = "\
svg{font:13px system-ui,sans-serif}.paper{fill:#fff}\
text{fill:#1b1f24;text-anchor:middle}.title{font-size:18px;font-weight:600;text-anchor:start}\
.sub{text-anchor:start;opacity:.75}.head{font-weight:600}.small{font-size:11.5px;opacity:.8}\
.shape{stroke:#57606a}.job{fill:#ddf4ff}.device{fill:#f6f8fa}.choice{fill:#fff8c5}.arguments{fill:#dafbe1}\
.arrow{fill:none;stroke:#57606a;stroke-width:1.3}.tip{fill:#57606a}\
.label{font-size:11.5px;paint-order:stroke;stroke:#fff;stroke-width:4px}\
.faint{opacity:.32}.faint .arrow{stroke-dasharray:5 4}\
@media(prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}.shape{stroke:#8b949e}.job{fill:#0c2d6b}\
.device{fill:#21262d}.choice{fill:#4b3500}.arguments{fill:#033a16}.arrow{stroke:#8b949e}.tip{fill:#8b949e}\
.label{stroke:#0d1117}}";

/// The picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let sizes: Vec<(f64, f64)> = picture.boxes.iter().map(size).collect();
    let layout = layout(picture, &sizes);
    let least = text_width(&picture.name).max(text_width(&picture.subtitle)) * 1.2;
    let width = layout.size.0.max(least) + 2.0 * MARGIN;
    let height = layout.size.1 + HEADER + 2.0 * MARGIN;
    let mut svg = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img">"#
    );
    let _ = writeln!(svg, "<title>The devices of {}</title>", escaped(&picture.name));
    let _ = writeln!(svg, "<style>{STYLE}</style>");
    let _ = writeln!(
        svg,
        r#"<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>"#
    );
    svg.push_str("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    let _ =
        writeln!(svg, r#"<text class="title" x="{MARGIN}" y="{}">{}</text>"#, MARGIN + 16.0, escaped(&picture.name));
    let _ =
        writeln!(svg, r#"<text class="sub" x="{MARGIN}" y="{}">{}</text>"#, MARGIN + 36.0, escaped(&picture.subtitle));
    let _ = writeln!(svg, r#"<g transform="translate({MARGIN} {})">"#, MARGIN + HEADER);
    arrows(&mut svg, picture, &layout);
    for (one, spot) in picture.boxes.iter().zip(&layout.boxes) {
        draw(&mut svg, one, spot);
    }
    svg + "</g>\n</svg>\n"
}

fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

fn size(one: &Box) -> (f64, f64) {
    let longest = std::iter::once(&one.title).chain(&one.lines).map(|line| text_width(line)).fold(0.0, f64::max);
    let lines = 1.0 + one.lines.len() as f64;
    match one.sort {
        Sort::Choice => (longest + 5.0 * PADDING.0, 2.4 * LINE),
        _ => (longest + 2.0 * PADDING.0, lines * LINE + 2.0 * PADDING.1),
    }
}

fn arrows(svg: &mut String, picture: &Picture, layout: &Layout) {
    for (arrow, bends) in picture.arrows.iter().zip(&layout.bends) {
        let (from, to) = (layout.boxes[arrow.from], layout.boxes[arrow.to]);
        let begin = (from.x, from.y + from.half.1);
        let end = (to.x, to.y - to.half.1);
        let mut path = format!("M{:.1} {:.1}", begin.0, begin.1);
        let mut before = begin;
        for point in bends.iter().map(|bend| (bend.x, bend.y)).chain([end]) {
            let middle = f64::midpoint(before.1, point.1);
            let _ =
                write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", before.0, point.0, point.0, point.1);
            before = point;
        }
        let faint = if arrow.active { "" } else { r#" class="faint""# };
        let _ = write!(svg, r#"<g{faint}><path class="arrow" marker-end="url(#tip)" d="{path}"/>"#);
        if !arrow.label.is_empty() {
            // Near its end, where arrows have parted.
            let near = bends.last().map_or(begin, |bend| (bend.x, bend.y));
            let (x, y) = (near.0 + (end.0 - near.0) * 0.7, near.1 + (end.1 - near.1) * 0.62);
            let _ = write!(svg, r#"<text class="label" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(&arrow.label));
        }
        svg.push_str("</g>\n");
    }
}

fn draw(svg: &mut String, one: &Box, spot: &Spot) {
    let class = match one.sort {
        Sort::Job => "job",
        Sort::Device => "device",
        Sort::Choice => "choice",
        Sort::Arguments => "arguments",
    };
    let (left, top) = (spot.x - spot.half.0, spot.y - spot.half.1);
    let (right, bottom) = (spot.x + spot.half.0, spot.y + spot.half.1);
    let faint = if one.active { "" } else { " faint" };
    let _ = write!(svg, r#"<g class="box{faint}">"#);
    let _ = if one.sort == Sort::Choice {
        let (x, y) = (spot.x, spot.y);
        write!(
            svg,
            r#"<polygon class="shape {class}" points="{left:.1},{y:.1} {x:.1},{top:.1} {right:.1},{y:.1} {x:.1},{bottom:.1}"/>"#
        )
    } else {
        let (width, height) = (2.0 * spot.half.0, 2.0 * spot.half.1);
        write!(
            svg,
            r#"<rect class="shape {class}" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" rx="6"/>"#
        )
    };
    let lines = 1.0 + one.lines.len() as f64;
    let mut y = spot.y - (lines - 1.0) * LINE / 2.0 + 4.5;
    let _ = write!(svg, r#"<text class="head" x="{:.1}" y="{y:.1}">{}</text>"#, spot.x, escaped(&one.title));
    for line in &one.lines {
        y += LINE;
        let _ = write!(svg, r#"<text class="small" x="{:.1}" y="{y:.1}">{}</text>"#, spot.x, escaped(line));
    }
    svg.push_str("</g>\n");
}

/// Text as XML (1.0, §2.4); what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
