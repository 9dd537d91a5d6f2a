//! A step that is being done: a spinner where somebody watches, a plain line elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{GOOD, watched};

/// A step that is being done; dropped before it is [`done`](Self::done), it has failed and leaves no trace.
#[derive(Debug)]
pub struct Step(Option<Spinner>);

#[derive(Debug)]
struct Spinner {
    bar: ProgressBar,
    title: String,
}

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// A step shorter than this is not worth its time.
const WORTH_TELLING: Duration = Duration::from_millis(100);

impl Step {
    pub(super) fn begin(verb: &str, what: &str, talks: bool) -> Self {
        if !talks {
            return Self(None);
        }
        if !watched() {
            anstream::eprintln!("{GOOD}{verb:>12}{GOOD:#} {what}");
            return Self(None);
        }
        let title = format!("{GOOD}{verb:>12}{GOOD:#} {what}");
        let style = ProgressStyle::with_template("{prefix} {spinner} {wide_msg:.dim}");
        let bar = ProgressBar::new_spinner().with_prefix(title.clone());
        // The template is right: a test draws it.
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(TURN);
        Self(Some(Spinner { bar, title }))
    }

    /// What is being done within it right now.
    pub fn line(&self, line: &str) {
        if let Self(Some(spinner)) = self {
            spinner.bar.set_message(line.trim().to_owned());
        }
    }

    /// It is done.
    pub fn done(mut self) {
        if let Some(Spinner { bar, title }) = self.0.take() {
            let elapsed = bar.elapsed();
            bar.finish_and_clear();
            if elapsed >= WORTH_TELLING {
                anstream::eprintln!("{title} ({:.1} s)", elapsed.as_secs_f64());
            }
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(spinner) = &self.0 {
            spinner.bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template("{prefix} {spinner} {wide_msg:.dim}").is_ok());
    }
}
