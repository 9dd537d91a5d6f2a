//! Showing a graph: as a tree of text, for Graphviz, or as a picture.

mod choices;
mod dot;
mod layout;
mod picture;
mod svg;
mod tree;

pub use choices::Choices;
pub use dot::dot;
pub use picture::Picture;
pub use svg::svg;
pub use tree::tree;

use crate::graph::Location;

/// A place, as in `config.rs:4`.
pub fn at(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}
