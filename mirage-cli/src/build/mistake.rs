//! An error rustc finds in the generated main.rs, traced to the line of config.rs it stems from.

use std::fs;

use crate::cargo::Compiled;
use crate::error::Error;
use crate::project::Project;

/// Adds the lines of config.rs that the lines rustc complains about were generated from.
pub fn explain(mut error: Error, project: &Project, compiled: &Compiled) -> Error {
    let main = project.generated().join("main.rs");
    let is_main = |file: &str| project.generated().join(file) == main;
    let Ok(text) = fs::read_to_string(&main) else { return error };
    let lines: Vec<&str> = text.lines().collect();
    let mut found = false;
    for message in &compiled.errors {
        for span in message.message.spans.iter().filter(|span| span.is_primary && is_main(&span.file_name)) {
            found = true;
            // A call may be broken over lines: the place stands on one of the first after its beginning.
            let from = span.line_start.saturating_sub(1);
            let near = lines.iter().skip(from.saturating_sub(2)).take(5);
            if let Some((file, line)) = near.filter_map(|line| place(line)).next_back() {
                let file = project.folder.join(file);
                if !error.places.iter().any(|place| place.file == file && place.line == line) {
                    error = error.place(file, line, "plumbed here");
                }
            }
        }
    }
    if !found {
        return error;
    }
    error.hint("`mirage/main.rs` follows config.rs: look there at what the job or device named is given")
}

/// The place a generated line names: `"config.rs:7"`.
fn place(line: &str) -> Option<(&str, u32)> {
    line.split('"').skip(1).step_by(2).find_map(|literal| {
        let (file, number) = literal.rsplit_once(':')?;
        Some((file, number.parse().ok()?)).filter(|(file, _)| file.ends_with(".rs"))
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_generated_line_says_its_place() {
        let line = r#"    job("a::start", "config.rs:7", a::start(console1)).await"#;
        assert_eq!(place(line), Some(("config.rs", 7)));
        assert_eq!(place("let a = b;"), None);
    }
}
