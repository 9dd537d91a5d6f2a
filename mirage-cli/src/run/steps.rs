//! What starting an image comes to, to be shown.

use std::fmt;

use serde::Serialize;

/// What starting an image comes to, as commands in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// What makes the interfaces.
    pub before: Vec<Vec<String>>,
    /// The file that is written for the command, if it reads one: its name and what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<(String, String)>,
    /// The image.
    pub command: Vec<String>,
    /// What removes what was made.
    pub after: Vec<Vec<String>>,
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |words: &Vec<String>| writeln!(f, "{}", mirage::args::join(words));
        self.before.iter().try_for_each(&mut line)?;
        if let Some((name, text)) = &self.file {
            writeln!(f, "cat > {name} << 'END'\n{text}\nEND")?;
        }
        let mut line = |words: &Vec<String>| writeln!(f, "{}", mirage::args::join(words));
        [&self.command].into_iter().chain(&self.after).try_for_each(&mut line)
    }
}
