//! Figures and the table they are shown in.

use std::fmt::Write as _;

/// The measurements of one thing, in the order they were made.
#[derive(Clone, Debug)]
pub struct Figures {
    what: String,
    unit: &'static str,
    values: Vec<f64>,
}

impl Figures {
    /// No measurements yet of `what`, in `unit`.
    pub fn new(what: impl Into<String>, unit: &'static str) -> Self {
        Self { what: what.into(), unit, values: Vec::new() }
    }

    /// Measures `times` times.
    pub fn measure(mut self, times: usize, mut one: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<Self> {
        for _ in 0..times {
            self.push(one()?);
        }
        Ok(self)
    }

    /// Adds one measurement, and says so: a run that is cut short has said something.
    pub fn push(&mut self, value: f64) {
        eprintln!("{}: {value:.3} {}", self.what, self.unit);
        self.values.push(value);
    }

    /// The middle one; the lower of two.
    pub fn median(&self) -> f64 {
        self.sorted().get(self.values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    /// Pair by pair, this side over the other, as measurements of their own.
    pub fn ratio(&self, other: &Self, what: impl Into<String>) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(mine, theirs)| mine / theirs).collect();
        Self { what: what.into(), unit: "×", values }
    }

    /// This side's median over the other's: for what differs from round to round by more than the sides differ.
    pub fn of_medians(&self, other: &Self, what: impl Into<String>) -> Self {
        Self { what: what.into(), unit: "×", values: vec![self.median() / other.median()] }
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// The figures as a Markdown table: median, least and most of each, and how many there were.
pub fn table(figures: &[Figures]) -> String {
    let mut text = String::from("| measured | median | min | max | runs |\n|---|---:|---:|---:|---:|\n");
    for figure in figures {
        let sorted = figure.sorted();
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else { continue };
        let (unit, runs) = (figure.unit, sorted.len());
        let shown =
            |value: f64| if value < 100.0 { format!("{value:.3} {unit}") } else { format!("{value:.0} {unit}") };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {runs} |",
            figure.what,
            shown(figure.median()),
            shown(*least),
            shown(*most)
        );
    }
    text
}
