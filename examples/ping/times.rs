//! How long answers took.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use mirage::time::Instant;

/// When was asked, and how long each answer took.
#[derive(Default)]
pub struct Times(Vec<(Instant, Option<Duration>)>);

impl Times {
    /// The next question goes out.
    pub fn asked(&mut self, at: Instant) {
        self.0.push((at, None));
    }

    /// An answer has come: how long it took, the first time.
    pub fn answered(&mut self, sequence: u16, at: Instant) -> Option<Duration> {
        let (asked, took) = self.0.get_mut(usize::from(sequence))?;
        if took.is_some() {
            return None;
        }
        Some(*took.insert(at.since(*asked)))
    }

    /// Whether every question was answered.
    pub fn is_complete(&self) -> bool {
        self.0.iter().all(|(_, took)| took.is_some())
    }

    /// Whether none was.
    pub fn nobody_answered(&self) -> bool {
        self.0.iter().all(|(_, took)| took.is_none())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took: Vec<Duration> = self.0.iter().filter_map(|&(_, took)| took).collect();
        write!(f, "{} asked, {} answered", self.0.len(), took.len())?;
        let (Some(least), Some(most)) = (took.iter().min(), took.iter().max()) else {
            return Ok(());
        };
        let mean = took.iter().sum::<Duration>() / took.len() as u32;
        write!(
            f,
            ", in {} at least, {} on average, {} at most",
            ms(*least),
            ms(mean),
            ms(*most)
        )
    }
}

/// A time as people read it.
pub fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}
