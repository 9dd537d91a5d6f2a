//! The host's network, by `ip` of iproute2: what is there, and changes to it that are undone in the end.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use camino::Utf8Path;

use super::rights::{lacks_rights, rights};
use super::setup::Setup;
use super::subnet::Subnet;
use crate::error::{Error, Exit};
use crate::process::{self, End, Stream};
use crate::report::Reporter;

/// How long one change may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How often a name or a network is chosen anew when somebody else was faster.
const ATTEMPTS: usize = 8;

/// What there is in a network namespace that matters to a new interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Whether the namespace is there; the one we are in always is.
    pub exists: bool,
    /// The names of its interfaces.
    pub names: Vec<String>,
    /// The networks they are in.
    pub subnets: Vec<Subnet>,
}

/// A change and what takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The command.
    pub words: Vec<String>,
    /// The command that undoes it; none where undoing an earlier one does.
    pub undo: Option<Vec<String>>,
}

impl Host {
    /// Looks at a namespace, or at the one we are in.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when there is no `ip`, or it does not say.
    pub fn look(namespace: Option<&str>) -> Result<Self, Error> {
        if namespace.is_some_and(|name| !Utf8Path::new("/run/netns").join(name).exists()) {
            return Ok(Self::default());
        }
        let mut words: Vec<String> = vec!["ip".into()];
        words.extend(namespace.into_iter().flat_map(|name| ["-n".to_owned(), name.to_owned()]));
        words.extend(["-j", "address", "show"].map(str::to_owned));
        let said = call(&words)?;
        let links: Vec<serde_json::Value> = serde_json::from_str(&said).map_err(|error| {
            Error::new(Exit::Unavailable, format!("what `{}` says cannot be read: {error}", words.join(" ")))
        })?;
        let names = links.iter().filter_map(|link| Some(link["ifname"].as_str()?.to_owned())).collect();
        let addresses = links.iter().filter_map(|link| link["addr_info"].as_array()).flatten();
        let subnets = addresses.filter_map(|address| {
            let local = address["local"].as_str()?.parse().ok()?;
            // A host on its own (/31, /32) is in the way of the same address only: as a small network it is as well.
            let prefix = u8::try_from(address["prefixlen"].as_u64()?).ok()?.min(30);
            Some(Subnet { address: local, prefix })
        });
        let subnets = subnets.filter(|subnet| subnet.prefix > 0).collect();
        Ok(Self { exists: true, names, subnets })
    }
}

/// Runs a command to its end, and returns what it says.
fn call(words: &[String]) -> Result<String, Error> {
    let (program, arguments) = words.split_first().ok_or_else(|| Error::bug("a command of no words"))?;
    let mut command = Command::new(program);
    // What it refuses is read below.
    command.args(arguments).env("LC_ALL", "C");
    let (mut said, mut complaint) = (String::new(), String::new());
    let end = process::run(&mut command, Some(LIMIT), |stream, line| {
        let text = if stream == Stream::Out { &mut said } else { &mut complaint };
        *text += line;
        text.push('\n');
    })?;
    match end {
        End::Exit(status) if status.success() => Ok(said),
        End::Exit(_) => {
            Err(Error::new(Exit::Unavailable, format!("`{}` failed", words.join(" "))).detail(complaint.trim_end()))
        }
        End::TimedOut => Err(Error::new(Exit::Unavailable, format!("`{}` does not end", words.join(" ")))),
    }
}

/// Whether a command failed since somebody else was faster.
fn came_late(error: &Error) -> bool {
    let said = error.detail.as_deref().unwrap_or_default();
    ["busy", "File exists"].iter().any(|words| said.contains(words))
}

/// Changes that are undone when this is dropped, the last first.
pub struct Changes<'a> {
    undo: Vec<Vec<String>>,
    reporter: &'a Reporter,
}

impl<'a> Changes<'a> {
    /// Makes all of these changes, or none.
    ///
    /// # Errors
    /// [`Exit::Unavailable`], [`Exit::Interrupted`].
    pub fn make(steps: &[Step], reporter: &'a Reporter) -> Result<Self, Error> {
        let mut changes = Self { undo: vec![], reporter };
        for step in steps {
            reporter.detail(&format!("`{}`", step.words.join(" ")));
            call(&step.words)?;
            changes.undo.extend(step.undo.clone());
        }
        Ok(changes)
    }
}

impl<'a> Changes<'a> {
    /// Makes what a look at the namespace shows to be needed, and says which tap devices there are then. `own` are words
    /// that name a tap device of the user's to us, besides those for the image: see [`rights`].
    ///
    /// # Errors
    /// Those of `prepare`, and as [`make`](Self::make).
    pub fn set_up(
        namespace: Option<&str>,
        prepare: impl Fn(&Host) -> Result<Setup, Error>,
        own: impl Fn(&Setup) -> Vec<OsString>,
        reporter: &'a Reporter,
    ) -> Result<(Setup, Self), Error> {
        let mut attempt = 1;
        let (setup, changes) = loop {
            let setup = prepare(&Host::look(namespace)?)?;
            match Self::make(&setup.steps, reporter) {
                Ok(changes) => break (setup, changes),
                Err(error) if came_late(&error) && attempt < ATTEMPTS => attempt += 1,
                Err(error) if lacks_rights(&error) => {
                    let own = namespace.is_none().then(|| own(&setup));
                    return Err(rights(error, &setup, own.as_deref()));
                }
                Err(error) => return Err(error),
            }
        };
        for (name, ours, theirs) in &setup.made {
            let theirs = theirs.map(|theirs| format!("; the unikernel is {}", theirs.address)).unwrap_or_default();
            reporter.done("Made", &format!("tap device {name}, where this host is {ours}{theirs}"));
        }
        Ok((setup, changes))
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        for words in self.undo.iter().rev() {
            let Some((program, arguments)) = words.split_first() else { continue };
            self.reporter.detail(&format!("`{}`", words.join(" ")));
            // Not by `process::run`, which nothing goes through after Ctrl-C; and in a group that Ctrl-C does not reach.
            let output = Command::new(program).args(arguments).process_group(0).output();
            let why = match output {
                Ok(output) if output.status.success() => continue,
                Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
                Err(error) => error.to_string(),
            };
            self.reporter.warn(&format!("`{}` failed, which is left to you: {why}", words.join(" ")));
        }
    }
}
